# SPDX-License-Identifier: Apache-2.0
"""boto3, Amazon's own client, finds in the stand-in what it finds in an EC2."""

import http.client
import time
import urllib.parse

import pytest
from botocore.exceptions import ClientError, HTTPClientError
from waiting import wait_for

KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUBj6mEJqOAlYRPhkiJyEkXLlDIm5cwKXSn2WFEB4ra me"
MACHINE = {"ImageId": "ami-00000001", "MinCount": 1, "MaxCount": 1, "InstanceType": "small"}
OLD = "2010-08-31"


def refused(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"]


def only(api, **parameters):
    (reservation,) = api.describe_instances(**parameters)["Reservations"]
    return reservation["Instances"][0]


@pytest.mark.parametrize("path", ["/services/Cloud", "/"])
@pytest.mark.parametrize("signature", ["v4", "v2"])
def test_the_life_of_an_instance(standin, client_of, signature, path):
    api = client_of(signature, path=path)
    assert api.describe_instances()["Reservations"] == [] and api.describe_key_pairs()["KeyPairs"] == []
    pair = api.import_key_pair(KeyName="k", PublicKeyMaterial=KEY)
    assert api.describe_key_pairs()["KeyPairs"][0]["KeyFingerprint"] == pair["KeyFingerprint"]
    made = api.run_instances(**MACHINE, KeyName="k", UserData="#!/bin/sh é/+=~ \n")["Instances"][0]["InstanceId"]
    api.create_tags(Resources=[made], Tags=[{"Key": "name", "Value": "vcycle-a-1 &<>"}])
    shown = only(api)
    assert (shown["State"]["Name"], shown["InstanceType"], shown["LaunchTime"].year > 2000) == ("running", "small", True)
    assert shown["Tags"] == [{"Key": "name", "Value": "vcycle-a-1 &<>"}]
    assert standin.instances()[0]["user_data"].encode("latin-1").decode() == "#!/bin/sh é/+=~ \n"
    ended = api.terminate_instances(InstanceIds=[made])["TerminatingInstances"][0]
    assert (ended["PreviousState"]["Name"], ended["CurrentState"]["Name"]) == ("running", "shutting-down")
    shown = only(api)
    assert shown["State"]["Name"] == "terminated" and shown["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    assert time.strftime("User initiated (%Y-") in shown["StateTransitionReason"]


@pytest.mark.parametrize("signature", ["v4", "v2"])
def test_wrong_keys(client_of, signature):
    assert refused(client_of(signature, secret="wrong").describe_instances) == "SignatureDoesNotMatch"
    assert refused(client_of(signature, access="wrong").describe_instances) == "AuthFailure"


def test_what_is_signed_is_what_is_judged(standin, api):
    """A request of boto3's, altered on its way."""
    caught = []
    api.meta.events.register("before-send.ec2", lambda request, **_: caught.append(request))
    api.describe_instances()

    def send(body=None, path=None, **headers):
        one = caught[0]
        place = urllib.parse.urlsplit(one.url)
        connection = http.client.HTTPConnection(place.netloc, timeout=10)
        texts = {name: value.decode() if isinstance(value, bytes) else value for name, value in one.headers.items()}
        connection.request("POST", path or place.path, body=body or one.body, headers={**texts, **headers})
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        connection.close()
        return answer.status, answer.text
    text = caught[0].body if isinstance(caught[0].body, str) else caught[0].body.decode()
    longer = text + "&MaxResults=5"
    assert send()[0] == 200
    assert "SignatureDoesNotMatch" in send(longer, **{"Content-Length": str(len(longer))})[1]
    assert "SignatureDoesNotMatch" in send(path="/")[1]
    assert "SignatureDoesNotMatch" in send(**{"Host": "another"})[1]
    assert "RequestExpired" in send(**{"X-Amz-Date": "20200101T000000Z"})[1]
    assert "MissingAuthenticationToken" in send(**{"Authorization": "Basic eDp5"})[1]
    standin.set(services=["ec2-api"])
    assert "SignatureDoesNotMatch" in send()[1]


def test_what_it_refuses(standin, api):
    for changes, code in (({"ImageId": "ami-2"}, "InvalidAMIID.NotFound"), ({"InstanceType": "none"}, "InvalidParameterValue"),
                          ({"KeyName": "none"}, "InvalidKeyPair.NotFound"), ({"Monitoring": {"Enabled": True}}, "UnknownParameter"),
                          ({"Placement": {"AvailabilityZone": "nowhere"}}, "InvalidParameterValue"),
                          ({"SubnetId": "subnet-1"}, "InvalidSubnetID.NotFound"),
                          ({"SecurityGroups": ["none"]}, "InvalidGroup.NotFound"),
                          ({"SecurityGroupIds": ["sg-9"]}, "InvalidGroup.NotFound"),
                          ({"SecurityGroups": ["default"], "SubnetId": "subnet-0000000a"}, "InvalidParameterCombination"),
                          ({"UserData": "x" * 16385}, "InvalidParameterValue"), ({"MaxCount": 2}, "InvalidParameterValue"),
                          ({"TagSpecifications": [{"ResourceType": "volume", "Tags": [{"Key": "a", "Value": "b"}]}]},
                           "InvalidParameterValue")):
        assert refused(api.run_instances, **{**MACHINE, **changes}) == code, changes
    assert refused(api.describe_volumes) == "InvalidAction"
    assert refused(api.describe_instances, MaxResults=4) == "InvalidParameterValue"
    assert refused(api.describe_instances, NextToken="x") == "InvalidNextToken"
    assert refused(api.terminate_instances, InstanceIds=["i-0"]) == "InvalidInstanceID.Malformed"
    assert refused(api.terminate_instances, InstanceIds=["i-00000000"]) == "InvalidInstanceID.NotFound"
    assert refused(api.describe_instance_types, InstanceTypes=["m5.large", "none"]) == "InvalidInstanceType"
    assert refused(api.import_key_pair, KeyName="k", PublicKeyMaterial=b"no key") == "InvalidKey.Format"
    standin.set(instances=0)
    assert refused(api.run_instances, **MACHINE) == "InstanceLimitExceeded"
    standin.set(instances=-1, vcpus=7)
    assert refused(api.run_instances, **{**MACHINE, "InstanceType": "z"}) == "VcpuLimitExceeded"
    assert standin.instances() == []


def test_an_api_of_old_has_no_more_than_it_had(client_of):
    old = client_of(version=OLD)
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "name", "Value": "n"}]}]
    assert refused(old.run_instances, **MACHINE, TagSpecifications=tags) == "UnknownParameter"
    assert refused(old.run_instances, **MACHINE, SubnetId="subnet-0000000a") == "UnknownParameter"
    assert refused(old.describe_instances, MaxResults=5) == "UnknownParameter"
    assert refused(old.describe_instance_types) == "InvalidAction"
    assert old.run_instances(**MACHINE)["Instances"][0]["State"]["Name"] == "running"
    assert refused(client_of(version="1999-01-01").describe_instances) == "NoSuchVersion"


def test_tags_come_with_the_machine(api):
    api.run_instances(**MACHINE, TagSpecifications=[{"ResourceType": "instance", "Tags": [
        {"Key": "name", "Value": "vcycle-a-1"}, {"Key": "space", "Value": ""}]}], SubnetId="subnet-0000000b",
        SecurityGroupIds=["sg-00000001"])
    shown = only(api, Filters=[{"Name": "tag:name", "Values": ["vcycle-a-1"]}])
    assert {tag["Key"]: tag["Value"] for tag in shown["Tags"]} == {"name": "vcycle-a-1", "space": ""}
    assert (shown["SubnetId"], shown["Placement"]["AvailabilityZone"]) == ("subnet-0000000b", "zone-b")
    assert shown["SecurityGroups"] == [{"GroupId": "sg-00000001", "GroupName": "vc"}]
    assert api.describe_instances(Filters=[{"Name": "tag:name", "Values": ["another"]}])["Reservations"] == []


def test_the_same_token_makes_one(standin, api):
    wanted = {**MACHINE, "ClientToken": "t"}
    assert len({api.run_instances(**wanted)["Instances"][0]["InstanceId"] for _ in range(2)}) == 1
    assert only(api)["ClientToken"] == "t"
    assert refused(api.run_instances, **{**wanted, "InstanceType": "z"}) == "IdempotentParameterMismatch"
    standin.set(token_known=False, token_shown=False)
    api.run_instances(**wanted)
    assert len(standin.instances()) == 2
    assert all("ClientToken" not in row["Instances"][0] for row in api.describe_instances()["Reservations"])


def test_pages(standin, api):
    standin.add_instances(12)
    assert len(api.describe_instances(MaxResults=5)["Reservations"]) == 5
    standin.set(page=4)
    assert len(api.describe_instances()["Reservations"]) == 4
    rows = api.get_paginator("describe_instances").paginate().build_full_result()["Reservations"]
    assert len({row["Instances"][0]["InstanceId"] for row in rows}) == 12
    standin.set(page=0)
    types = api.get_paginator("describe_instance_types").paginate().build_full_result()["InstanceTypes"]
    assert len(types) > 100 and {"InstanceType": "z", "VCpuInfo": {"DefaultVCpus": 8},
                                 "MemoryInfo": {"SizeInMiB": 16384}} in types
    named = api.describe_instance_types(Filters=[{"Name": "instance-type", "Values": ["small", "none"]}])["InstanceTypes"]
    assert [one["InstanceType"] for one in named] == ["small"]


def test_machines_that_end_by_themselves_say_when(standin, api):
    made = api.run_instances(**MACHINE)["Instances"][0]["InstanceId"]
    standin.shut_down(made)
    shown = only(api)
    assert (shown["State"]["Name"], shown["StateReason"]["Code"]) == ("stopped", "Client.InstanceInitiatedShutdown")
    assert shown["StateTransitionReason"].startswith("Instance initiated (20")
    standin.set(boot_fails="Server.InternalError", boot=0.2)
    failed = api.run_instances(**MACHINE)["Instances"][0]
    assert failed["State"]["Name"] == "pending"
    wait_for("the failure shows", lambda: only(api, InstanceIds=[failed["InstanceId"]])["State"]["Name"] == "terminated")
    standin.set(forget=0.0)
    assert len(api.describe_instances()["Reservations"]) == 1


def test_a_new_machine_may_not_be_known_yet(standin, api):
    standin.set(visible=None)
    made = api.run_instances(**MACHINE)["Instances"][0]["InstanceId"]
    assert api.describe_instances()["Reservations"] == []
    assert refused(api.create_tags, Resources=[made], Tags=[{"Key": "a", "Value": "b"}]) == "InvalidInstanceID.NotFound"
    standin.set(visible=0.0)
    assert only(api)["InstanceId"] == made


def test_faults(standin, api):
    standin.fault("error", method="RunInstances", code="RequestLimitExceeded", status=503, count=1)
    assert refused(api.run_instances, **MACHINE) == "RequestLimitExceeded"
    standin.fault("close", method="RunInstances", execute=True, count=1)
    with pytest.raises(HTTPClientError):
        api.run_instances(**MACHINE)
    assert len(standin.instances()) == 1
    assert [entry["outcome"] for entry in standin.journal(method="RunInstances")] == ["error (not executed)", "close (200)"]
    assert "Signature" not in standin.journal()[0]["detail"]
