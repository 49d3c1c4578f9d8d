#!/bin/sh
# Runs a command as the first process of a root of its own, over another one that is not changed. Arguments: that root, a
# folder for what is changed, a folder that becomes /mnt, a cgroup (version 2) for it alone or '', the command.
set -eu
cd /
mkdir -p "$2/changed" "$2/work" "$2/root"
if [ -n "$4" ]; then
  mkdir "$4"
  echo $$ >"$4/cgroup.procs"
fi
exec unshare --mount --pid --fork --kill-child --cgroup --uts --ipc --net --propagation private sh -euc '
  root=$2/root
  mount -t overlay -o "lowerdir=$1,upperdir=$2/changed,workdir=$2/work" overlay "$root"
  mount --bind "$3" "$root/mnt"
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
  mount -t sysfs -o ro sysfs "$root/sys"
  [ -z "$4" ] || mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  for name in null zero full random urandom tty; do
    touch "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
  done
  mkdir "$root/dev/pts" "$root/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
  mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
  ln -s pts/ptmx "$root/dev/ptmx"
  ln -s /proc/self/fd "$root/dev/fd"
  mkdir "$root/run/before"
  mount -t proc proc "$root/proc"
  shift 4
  cd "$root"
  pivot_root . run/before
  umount --lazy /run/before
  rmdir /run/before
  # Credentials of units are mounted from one of their namespaces.
  mount --make-rshared /
  exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"
' sh "$@"
