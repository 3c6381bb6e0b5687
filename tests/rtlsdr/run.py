"""eas-sdrd with the real librtlsdr and pyrtlsdr, on an emulated dongle under an emulated kernel.

`make test-rtlsdr` runs it, as root; it takes minutes. A Debian 13 is made once (build/rtlsdr), the
package is installed into a copy, and that is booted as a whole machine: its kernel has vhci-hcd, a
virtual USB bus, and ../shared/systemd/sdr/virtual_rtlsdr.py is the RTL2838 on it. The daemon runs
there as the package's own unit, with all its confinement. `inside.py` is what is done there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
EMULATOR = PROJECT.parent / "shared" / "systemd" / "sdr" / "virtual_rtlsdr.py"
BASE = PROJECT / "build" / "rtlsdr" / "trixie"
INCLUDED = (
    "systemd-sysv,dbus,udev,kmod,procps,linux-image-amd64,initramfs-tools,python3,python3-numpy,"
    "librtlsdr0"
)
TOOLS = ("mmdebstrap", "qemu-system-x86_64", "mkfs.ext4")
LONGEST_S = 900
JOB = """\
[Unit]
After=multi-user.target
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/sh -c '/usr/bin/python3 /root/inside.py >/dev/ttyS1 2>&1; \
echo "STATUS=$?" >/dev/ttyS1; sync; systemctl poweroff --force --no-block'
"""
STATION = """\
[station]
clock = "trusted"

[[receiver]]
name = "wx"
kind = "rtlsdr"
rate_hz = 250_000
center_hz = 162_550_000
channels_hz = [162_550_000]

[[receiver]]
name = "net"
kind = "rtl_tcp"
host = "127.0.0.1"
center_hz = 162_550_000
channels_hz = [162_550_000]
"""
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "DEBIAN_FRONTEND": "noninteractive",
    "LANG": "C.UTF-8",
    "HOME": "/root",
}


def main() -> int:
    """Give 0 if all that `inside.py` checks holds."""
    why = missing()
    if why:
        print(f"make test-rtlsdr cannot be done here: {why}", file=sys.stderr)
        return 2
    if not BASE.exists():
        build()
    with tempfile.TemporaryDirectory(prefix="eas-rtlsdr-") as folder:
        work = Path(folder)
        disk = furnished(work)
        return boot(work, disk)


def missing() -> str | None:
    """Why not; None: it can be done."""
    if os.geteuid() != 0:
        return "only root can make a machine"
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    if absent:
        return f"{', '.join(absent)} is not installed (qemu-system-x86, mmdebstrap, e2fsprogs)"
    if not EMULATOR.exists():
        return f"the emulated dongle {EMULATOR} is not there"
    return None if debs() else "there is no package in dist: make deb"


def debs() -> list[Path]:
    """The packages to be installed."""
    return sorted((PROJECT / "dist").glob("*.deb"))


def build() -> None:
    """Make the clean machine."""
    BASE.parent.mkdir(parents=True, exist_ok=True)
    part = BASE.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    run(
        *("mmdebstrap", "--mode=root", "--variant=minbase", "--components=main"),
        *(f"--include={INCLUDED}", "--aptopt=" + 'Acquire::Check-Valid-Until "false"'),
        *("trixie", str(part), "deb http://deb.debian.org/debian trixie main"),
    )
    part.rename(BASE)


def furnished(work: Path) -> Path:
    """A disk with a copy of it, the package, and the job."""
    root = work / "root"
    run("cp", "-a", "--reflink=auto", str(BASE), str(root))
    install(root)
    shutil.copy(EMULATOR, root / "root" / "virtual_rtlsdr.py")
    shutil.copy(HERE / "inside.py", root / "root")
    (root / "etc/eas-station/station.d/rtlsdr.toml").write_text(STATION, encoding="utf-8")
    # The kernel's own driver would take the dongle for a television.
    (root / "etc/modprobe.d/no-dvb.conf").write_text("blacklist dvb_usb_rtl28xxu\n")
    (root / "etc/fstab").write_text("/dev/vda / ext4 rw 0 1\n")
    (root / "etc/systemd/system/job.service").write_text(JOB, encoding="utf-8")
    for unit in ("eas-capd.service", "eas-webd.service", "eas-webd.socket"):
        (root / "etc/systemd/system" / unit).symlink_to("/dev/null")  # the radio alone is slow here
    slow = root / "etc/systemd/system/eas-sdrd@.service.d/slow.conf"
    slow.parent.mkdir()
    slow.write_text("[Service]\nTimeoutStartSec=300\nWatchdogSec=60\n")
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (wants / "job.service").symlink_to("/etc/systemd/system/job.service")
    for kernel in ("vmlinuz", "initrd.img"):
        newest = sorted((root / "boot").glob(f"{kernel}-*"))[-1]
        shutil.copy(newest, work / kernel)
    disk = work / "disk"
    with disk.open("wb") as file:
        file.truncate(4 << 30)
    run("mkfs.ext4", "-q", "-F", "-d", str(root), str(disk))
    shutil.rmtree(root)
    return disk


def install(root: Path) -> None:
    """The package and what it needs, without starting anything."""
    refuse = root / "usr/sbin/policy-rc.d"
    refuse.write_text("#!/bin/sh\nexit 101\n")
    refuse.chmod(0o755)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    inside = []
    for deb in debs():
        shutil.copy(deb, root / "root")
        inside.append(f"/root/{deb.name}")
    apt = ("chroot", str(root), "apt-get", "-qq", "-o", "Acquire::Check-Valid-Until=false")
    run(*apt, "update", env=ENVIRONMENT)
    run(*apt, "-y", "--no-install-recommends", "install", *inside, "rtl-sdr", env=ENVIRONMENT)
    refuse.unlink()


def boot(work: Path, disk: Path) -> int:
    """Run the machine until it powers itself off; gives the job's status."""
    said = work / "said"
    with (work / "console").open("wb") as console:
        machine = subprocess.Popen(
            [
                *("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"),
                *("-m", "2048", "-display", "none", "-monitor", "none", "-no-reboot"),
                *("-serial", "stdio", "-serial", f"file:{said}", "-nic", "none"),
                *("-drive", f"file={disk},if=virtio,format=raw,cache=unsafe"),
                *("-kernel", str(work / "vmlinuz"), "-initrd", str(work / "initrd.img")),
                *("-append", "root=/dev/vda rw console=ttyS0 quiet"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=console,
        )
        try:
            machine.wait(timeout=LONGEST_S)
        except subprocess.TimeoutExpired:
            machine.kill()
            machine.wait()
    text = said.read_text(errors="replace").replace("\r", "")
    print(text)
    if "STATUS=" not in text:
        print("the machine did not come to an end; its console:", file=sys.stderr)
        console_text = (work / "console").read_text(errors="replace")
        print("\n".join(console_text.splitlines()[-30:]), file=sys.stderr)
        return 1
    return int(text.rpartition("STATUS=")[2].split()[0])


def run(*command: str, env: dict[str, str] | None = None) -> None:
    """Do it, or end with what it said."""
    done = subprocess.run(
        command, check=False, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} gave {done.returncode}:\n{done.stdout[-3000:]}")


if __name__ == "__main__":
    sys.exit(main())
