#!/bin/sh
# Grows the partition that is mounted at $1, and the ext4 filesystem on it, to the end of the disk.
set -eu
device=/dev/block/$(findmnt --noheadings --output MAJ:MIN --mountpoint "$1" | tr -d ' ')
device=$(readlink -f "$device")
place=$(readlink -f "/sys/class/block/${device##*/}")
if [ -e "$place/partition" ]; then
    number=$(cat "$place/partition")
    disk=${place%/*}
    end=$(($(cat "$place/start") + $(cat "$place/size")))
    # What is left below 2 MiB is for the table and for alignment.
    if [ $((end + 4096)) -lt "$(cat "$disk/size")" ]; then
        echo ',+' | sfdisk --no-reread --force -N "$number" "/dev/${disk##*/}"
        partx --update --nr "$number" "/dev/${disk##*/}"
    fi
fi
resize2fs "$device"
