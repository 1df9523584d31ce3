# SPDX-License-Identifier: Apache-2.0
"""Prints the signatures of signing_test.cpp as botocore (python3-botocore) makes them. The tests of cloud_test.cpp have
botocore judge every call besides; this shows the same without a server."""

from botocore.auth import SigV2Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
DATE = "20260301T120000Z"
V4 = (("https://ec2.eu-west-1.amazonaws.com/", "ec2", "eu-west-1", "Action=DescribeInstances&Version=2010-08-31"),
      ("http://cloud.example.org:8773/services/Cloud", "openstack", "us-east-1",
       "Action=RunInstances&UserData=aGk%3D&X=%C3%BC%20~%2A"),
      ("https://h:443/a", "openstack", "us-east-1", ""))
V2 = {"Action": "RunInstances", "Version": "2010-08-31", "Tag.10.Key": "a b", "Tag.2.Key": "ü*~", "empty": "",
      "AWSAccessKeyId": "AKIDEXAMPLE", "SignatureMethod": "HmacSHA256", "SignatureVersion": "2",
      "Timestamp": "2026-03-01T12:00:00Z"}

for url, service, region, body in V4:
    signer = SigV4Auth(KEYS, service, region)
    host = url.split("//")[1].split("/")[0].removesuffix(":443")
    request = AWSRequest("POST", url, data=body.encode(), headers={"Host": host, "X-Amz-Date": DATE})
    request.context["timestamp"] = DATE
    print(url, signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request))
for url in ("http://cloud.example.org:8773/services/Cloud", "https://ec2.amazonaws.com"):
    print(url, SigV2Auth(KEYS).calc_signature(AWSRequest("POST", url), V2)[1])
