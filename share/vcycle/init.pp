# Puppet module for Vcycle.
#
# This file is all of the module: put it into your tree as
#
#   modules/vcycle/manifests/init.pp
#
# and say for the hosts that manage spaces
#
#   class { 'vcycle':
#     spaces => ['vcycle01.example.com'],
#   }
#
# Configuration. vcycled reads /etc/vcycle.d/*.conf in the order of their names, and /etc/vcycle.conf last, at the start
# of each cycle, about once a minute; nothing is restarted. This module fills /etc/vcycle.d with the files of these
# folders of Puppet's file server, where etc_path is 'modules/vcycle/vcycle.d' unless you name another one:
#
#   puppet:///ETC_PATH/HOSTNAME/      of one host, by its full name
#   puppet:///ETC_PATH/SPACE/         of each of the spaces, in their order
#   puppet:///ETC_PATH/site/          of all
#
# Where two have a file of the same name, the upper one wins. Folders that are not there are passed over, and files that
# are in none of them are removed from /etc/vcycle.d. In most cases the folder of the space is all that you need: with
# modules/vcycle/files/vcycle.d/vcycle01.example.com/space.conf there is one.
#
# This module never touches /etc/vcycle.conf. What stands there wins, so you can try something on one host without
# Puppet taking it back.
#
# Files of machinetypes: hostcert.pem and hostkey.pem, a template of user_data, x509cert.pem and x509key.pem. They go to
# /var/lib/vcycle/spaces/SPACE/machinetypes/ from these folders, where machinetypes_path is
# 'modules/vcycle/machinetypes' unless you name another one:
#
#   puppet:///MACHINETYPES_PATH/HOSTNAME/SPACE/
#   puppet:///MACHINETYPES_PATH/SPACE/
#   puppet:///MACHINETYPES_PATH/site/
#
# In them are folders with the names of machinetypes, and in these the folder files/. The first folder of a name wins.
#
# Accounting. With apel_cert_path and apel_key_path, which are paths on Puppet's file server too, the certificate and
# key for APEL are installed, the configuration of ssmsend with the top BDII of apel_bdii_hostport, and its line for
# cron, once an hour at a minute of the host's own. The package apel-ssm is expected to be there.
#
# Nagios. With nagios_nrpe => true a command for NRPE is installed: check-vcycled with a limit of 600 seconds.
#
# A pair of ssh keys of root is made where there is none: its public part opens the machines where a machinetype does
# not say otherwise (root_public_key).
#
class vcycle (
  Array[String[1]]    $spaces             = ["vcycle01.${facts['networking']['domain']}"],
  String[1]           $etc_path           = 'modules/vcycle/vcycle.d',
  String[1]           $machinetypes_path  = 'modules/vcycle/machinetypes',
  Boolean             $nagios_nrpe        = false,
  String[1]           $apel_bdii_hostport = 'lcg-bdii.cern.ch:2170',
  Optional[String[1]] $apel_cert_path     = undef,
  Optional[String[1]] $apel_key_path      = undef,
  String[1]           $package_ensure     = 'installed',
) {
  $host = $facts['networking']['fqdn']
  $etc_of_spaces = $spaces.map |$space| { "puppet:///${etc_path}/${space}" }
  $etc_sources = ["puppet:///${etc_path}/${host}"] + $etc_of_spaces + ["puppet:///${etc_path}/site"]

  package { 'vcycle':
    ensure => $package_ensure,
  }

  file { '/etc/vcycle.d':
    ensure       => directory,
    recurse      => true,
    purge        => true,
    force        => true,
    owner        => 'root',
    group        => 'root',
    # There are passwords of clouds in it.
    mode         => '0600',
    sourceselect => all,
    source       => $etc_sources,
    require      => Package['vcycle'],
  }

  $spaces.each |$space| {
    file { "/var/lib/vcycle/spaces/${space}":
      ensure  => directory,
      owner   => 'root',
      group   => 'root',
      mode    => '0755',
      require => Package['vcycle'],
    }

    file { "/var/lib/vcycle/spaces/${space}/machinetypes":
      ensure       => directory,
      recurse      => true,
      purge        => true,
      force        => true,
      # State of the first releases.
      ignore       => 'last_abort_time',
      owner        => 'root',
      group        => 'root',
      # There are keys in it.
      mode         => '0600',
      sourceselect => all,
      source       => [
        "puppet:///${machinetypes_path}/${host}/${space}",
        "puppet:///${machinetypes_path}/${space}",
        "puppet:///${machinetypes_path}/site",
      ],
    }
  }

  service { 'vcycled':
    ensure     => running,
    enable     => true,
    hasstatus  => true,
    hasrestart => true,
    require    => [Package['vcycle'], File['/etc/vcycle.d']],
  }

  exec { 'root-ssh-keys':
    command => 'ssh-keygen -q -t rsa -b 3072 -N "" -f /root/.ssh/id_rsa',
    path    => ['/usr/bin', '/bin'],
    creates => '/root/.ssh/id_rsa.pub',
  }

  if $nagios_nrpe {
    package { 'nrpe':
      ensure => installed,
    }

    file { '/etc/nrpe.d/vcycle.cfg':
      ensure  => file,
      owner   => 'root',
      group   => 'root',
      mode    => '0644',
      content => "command[check-vcycled]=/usr/sbin/check-vcycled 600\n",
      require => Package['nrpe'],
      notify  => Service['nrpe'],
    }

    service { 'nrpe':
      ensure => running,
      enable => true,
    }
  }

  if $apel_cert_path and $apel_key_path {
    file { '/etc/grid-security/Vcycle-apel-cert.pem':
      ensure => file,
      owner  => 'root',
      group  => 'root',
      mode   => '0644',
      source => "puppet:///${apel_cert_path}",
    }

    file { '/etc/grid-security/Vcycle-apel-key.pem':
      ensure    => file,
      owner     => 'root',
      group     => 'root',
      mode      => '0600',
      show_diff => false,
      source    => "puppet:///${apel_key_path}",
    }

    file { '/etc/apel/Vcycle-ssmsend-prod.cfg':
      ensure  => file,
      owner   => 'root',
      group   => 'root',
      mode    => '0644',
      content => @("CFG"),
        [broker]
        bdii: ldap://${apel_bdii_hostport}
        network: PROD
        use_ssl: true

        [certificates]
        certificate: /etc/grid-security/Vcycle-apel-cert.pem
        key: /etc/grid-security/Vcycle-apel-key.pem
        capath: /etc/grid-security/certificates

        [messaging]
        destination: /queue/global.accounting.cpu.central
        path: /var/lib/vcycle/apel-outgoing

        [logging]
        logfile: /var/log/apel/ssmsend.log
        level: INFO
        console: true
        | CFG
      require => Package['vcycle'],
    }

    cron { 'vcycle-ssmsend':
      command => '/usr/bin/ssmsend -c /etc/apel/Vcycle-ssmsend-prod.cfg >>/var/log/Vcycle-ssmsend-cron.log 2>&1',
      user    => 'root',
      minute  => fqdn_rand(60, 'vcycle-ssmsend'),
    }

    cron { 'vcycle-apel-sync':
      command => '/usr/sbin/vcycle apel-sync >>/var/log/Vcycle-ssmsend-cron.log 2>&1',
      user    => 'root',
      hour    => 12,
      minute  => 0,
    }
  }
}
