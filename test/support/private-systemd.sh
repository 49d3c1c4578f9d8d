#!/bin/sh
# A systemd of its own in namespaces of its own: its /tmp, /run, /var and /etc are copies or empty, so that nothing of the
# machine is touched. Ends with this process. Arguments: a cgroup (version 2) for it alone, the program's folder, which
# becomes /srv/program, and any number of homes, which become /srv/<name of the folder>.
set -eu
cd /
cgroup=$1
shift
mkdir "$cgroup"
echo $$ >"$cgroup/cgroup.procs"
# Neither this nor anything in it outlives the test.
exec setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --cgroup --uts --ipc --propagation private sh -euc '
  mount -t proc proc /proc
  mount -t tmpfs -o mode=755 tmpfs /srv
  mkdir /srv/program && mount --bind "$1" /srv/program
  shift
  for home in "$@"; do
    inside=/srv/$(basename "$home")
    mkdir "$inside" && mount --bind "$home" "$inside"
  done
  umount --recursive --lazy /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
  mount -t tmpfs -o mode=755 tmpfs /run
  cp -a /etc /run/etc && mount --bind /run/etc /etc
  rm -rf /etc/systemd/system
  mkdir -p /etc/systemd/system /etc/credstore.encrypted /run/systemd/system
  mount -t tmpfs -o mode=755 tmpfs /var
  mount -t tmpfs -o mode=1777 tmpfs /tmp
  # Among its own namespaces only: it has left those of the machine. Credentials are mounted from one of them.
  mount --make-rshared /
  # What every unit asks for by default, without what it would do to a machine.
  for name in test sysinit basic shutdown multi-user network-online; do
    printf "[Unit]\nDefaultDependencies=no\n" >"/run/systemd/system/$name.target"
  done
  exec env -i container=test PATH="$PATH" SYSTEMD_UNIT_PATH=/etc/systemd/system:/run/systemd/system \
    /usr/lib/systemd/systemd --system --unit=test.target --log-target=console --show-status=0
' sh "$@"
