"""Builds, clones, boots and controls a Debian machine under systemd-nspawn."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

SUITE = "trixie"
INCLUDED = "systemd-sysv,dbus,libpam-systemd,udev,procps,ca-certificates,curl"
CGROUPS = Path("/sys/fs/cgroup")
REBOOT = 133  # systemd-nspawn's exit status with --keep-unit
BOOT_S = 60.0
SETTINGS = """\
Acquire::Check-Valid-Until "false";
Acquire::Check-Date "false";
APT::Install-Recommends "false";
Binary::apt::APT::Keep-Downloaded-Packages "true";
"""
# nspawn mounts the controllers of cgroup v1 read-only; systemd 257 starts on v1 only when told to.
INIT_ON_V1 = """
while read -r _ where kind options _; do
    case $kind:$options in
    cgroup:ro* | tmpfs:ro*)
        case $where in /sys/fs/cgroup*) mount -o remount,bind,rw "$where" ;; esac ;;
    esac
done </proc/mounts
exec /lib/systemd/systemd SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1
"""
ENVIRONMENT = (
    *("PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "USER=root", "LANG=C.UTF-8"),
    *("TERM=dumb", "DEBIAN_FRONTEND=noninteractive", "SYSTEMD_PAGER=", "SYSTEMD_COLORS=0"),
)


class Image:
    """The image from which machines are cloned."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / SUITE

    def prepare(self, *debs: Path) -> None:
        """Build it if it does not exist, and fetch the dependencies of the packages."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.root.exists():
                self._build()
            self._fetch(debs)

    @contextlib.contextmanager
    def machine(self, name: str) -> Iterator[Machine]:
        """A booted clone, removed afterwards."""
        root = self.folder / f"run-{name}"
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(("cp", "-a", "--reflink=auto", self.root, root), check=True)
        (root / "etc/machine-id").write_text("")
        machine = Machine(root, f"eas-{name}-{os.getpid()}")
        try:
            machine.boot()
            yield machine
        finally:
            machine.stop()
            shutil.rmtree(root, ignore_errors=True)

    def _build(self) -> None:
        mirror = _mirror()
        security = mirror.removesuffix("debian") + "debian-security"
        part = self.folder / f"{SUITE}.part"
        shutil.rmtree(part, ignore_errors=True)
        _run(
            *("mmdebstrap", "--mode=root", "--variant=minbase", "--components=main"),
            *(f"--include={INCLUDED}", "--aptopt=" + 'Acquire::Check-Valid-Until "false"'),
            *(SUITE, str(part), f"deb {mirror} {SUITE} main"),
            *(f"deb {mirror} {SUITE}-updates main", f"deb {security} {SUITE}-security main"),
        )
        (part / "etc/apt/apt.conf.d/90bench").write_text(SETTINGS)
        for unit in ("console-getty.service", "apt-daily.timer", "apt-daily-upgrade.timer"):
            (part / "etc/systemd/system" / unit).symlink_to("/dev/null")
        (part / "var/log/journal").mkdir(exist_ok=True)  # the journal outlives a reboot
        (part / "etc/hostname").write_text("bench\n")
        (part / "etc/hosts").write_text("127.0.0.1 localhost\n127.0.1.1 bench\n::1 localhost\n")
        part.rename(self.root)

    def _fetch(self, debs: tuple[Path, ...]) -> None:
        """Fetch the dependencies for both kinds of database into the package cache of the image."""
        wanted = "\n".join(
            _run("dpkg-deb", "-f", str(deb), "Depends", "Recommends") for deb in debs
        )
        wanted += "\nwith recommended packages"
        mark = self.root / "var/cache/apt/fetched-for"
        if mark.exists() and mark.read_text() == wanted:
            return
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        for deb in debs:
            shutil.copy(deb, self.root / "root")
        inside = [f"/root/{deb.name}" for deb in debs]
        ask = ("chroot", str(self.root), "env", *ENVIRONMENT, "apt-get", "-qq", "-y")
        _run(*ask, "update")
        _run(*ask, "--download-only", "--install-recommends", "install", "postgresql", inside[0])
        _run(*ask, "--download-only", "--install-recommends", "install", *inside)
        for deb in debs:
            (self.root / "root" / deb.name).unlink()
        mark.write_text(wanted)


class Machine:
    """A running machine. Its only network is its loopback."""

    def __init__(self, root: Path, name: str) -> None:
        self.root = root
        self.name = name
        self.console = root.with_suffix(".console")
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._boots = 0

    def boot(self) -> None:
        """Start it and wait until its systemd has started all units."""
        self._stopping = False
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()
        self._wait_up(0)

    def reboot(self) -> float:
        """Restart the machine; gives the seconds until it is up again."""
        began, boots = time.monotonic(), self._boots
        self.sh("systemctl reboot --no-block", check=False)
        self._wait_up(boots)
        return time.monotonic() - began

    def stop(self) -> None:
        """Power it off, if necessary by force."""
        self._stopping = True
        if self._process is not None and self._process.poll() is None:
            self._signal("-RTMIN+4")
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._signal("-KILL")
                self._process.wait(10)
        if self._thread is not None:
            self._thread.join(10)
        for leaf in self._leaves():
            _remove_cgroup(leaf)

    def sh(
        self, script: str, check: bool = True, timeout_s: float = 300, text: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell script inside, as root. `text` is its standard input."""
        done = subprocess.run(
            self._enter("/bin/sh", "-c", script),
            input=text if text is not None else "",
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            start_new_session=True,  # signals to its group do not reach this process
        )
        if check and done.returncode != 0:
            printed = f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
            raise AssertionError(f"{script!r} gave {done.returncode}:\n{printed}")
        return done

    def ask(self, script: str) -> str:
        """The output of a shell script, without the last newline."""
        return self.sh(script).stdout.rstrip("\n")

    def put(self, path: str, content: str | Path) -> None:
        """Write a file in the machine: a text, or a copy of a file of this host."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copy(content, target)
        else:
            target.write_text(content)

    def wait(self, script: str, longest_s: float = 30.0) -> float:
        """Wait until a script succeeds; gives the seconds it took."""
        began = time.monotonic()
        while self.sh(script, check=False).returncode != 0:
            if time.monotonic() - began > longest_s:
                last = self.sh(script, check=False)
                raise AssertionError(f"{script!r} did not succeed: {last.stdout}{last.stderr}")
            time.sleep(0.1)
        return time.monotonic() - began

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.ask(f"systemctl show -P {name} '{unit}'")

    def _supervise(self) -> None:
        while not self._stopping:
            with self.console.open("ab") as console:
                self._process = subprocess.Popen(
                    self._command(),
                    stdin=subprocess.DEVNULL,
                    stdout=console,
                    stderr=console,
                    preexec_fn=self._enter_cgroups,
                    env={**os.environ, **({} if _is_v1() else {"UNIFIED_HIERARCHY": "yes"})},
                )
            self._boots += 1
            if self._process.wait() != REBOOT:
                return

    def _command(self) -> tuple[str, ...]:
        init = ("/bin/sh", "-c", INIT_ON_V1) if _is_v1() else ("--boot",)
        return (
            *("systemd-nspawn", "--quiet", f"--directory={self.root}", f"--machine={self.name}"),
            *("--register=no", "--keep-unit", "--console=pipe", "--timezone=off"),
            *("--private-network", "--resolv-conf=off", "--capability=CAP_NET_ADMIN"),
            *("--kill-signal=SIGRTMIN+3", *init),
        )

    def _leaves(self) -> list[Path]:
        """A cgroup in each hierarchy, which the machine sees as its root."""
        if not _is_v1():
            return []
        folders = [f for f in CGROUPS.iterdir() if f.is_dir() and not f.is_symlink()]
        return [folder / self.name for folder in folders if (folder / "cgroup.procs").exists()]

    def _enter_cgroups(self) -> None:
        for leaf in self._leaves():
            leaf.mkdir(exist_ok=True)
            for name in (
                "cpuset.cpus",
                "cpuset.mems",
            ):  # a new group without these accepts no process
                if (leaf / name).exists():
                    (leaf / name).write_text((leaf.parent / name).read_text())
            (leaf / "cgroup.procs").write_text(str(os.getpid()))

    def _leader(self) -> int | None:
        """The process ID on this host of the first process of the machine."""
        if self._process is None or self._process.poll() is not None:
            return None
        tasks = Path(f"/proc/{self._process.pid}/task")
        try:
            for children in tasks.glob("*/children"):
                for child in children.read_text().split():
                    status = Path(f"/proc/{child}/status").read_text()
                    pids = next(x for x in status.splitlines() if x.startswith("NSpid:")).split()
                    if len(pids) > 2 and pids[-1] == "1":
                        return int(child)
        except (OSError, StopIteration):
            return None
        return None

    def _enter(self, *command: str) -> tuple[str, ...]:
        leader = self._leader()
        if leader is None:
            raise AssertionError(f"the machine does not run: {self._console_tail()}")
        spaces = ("-m", "-u", "-i", "-n", "-p", "-C")
        return ("nsenter", "-t", str(leader), *spaces, "--", "env", "-i", *ENVIRONMENT, *command)

    def _signal(self, signal: str) -> None:
        leader = self._leader()
        if leader is not None:
            subprocess.run(("kill", signal, str(leader)), check=False)

    def _wait_up(self, boots: int) -> None:
        until = time.monotonic() + BOOT_S
        state = ""
        while time.monotonic() < until:
            if self._boots > boots and self._leader() is not None:
                with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
                    state = self.sh("systemctl is-system-running", check=False).stdout.strip()
                if state in ("running", "degraded"):
                    return
            if self._thread is not None and not self._thread.is_alive():
                break
            time.sleep(0.1)
        raise AssertionError(f"not up after {BOOT_S} s ({state}): {self._console_tail()}")

    def _console_tail(self) -> str:
        return self.console.read_text(errors="replace")[-2000:] if self.console.exists() else ""


def _is_v1() -> bool:
    """Whether this host keeps its controllers in cgroup v1."""
    return not (CGROUPS / "cgroup.controllers").exists()


def _mirror() -> str:
    """The Debian archive that this host's apt uses."""
    listed = _run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    found = [uri.rstrip("/") for uri in listed.split() if uri.rstrip("/").endswith("/debian")]
    return found[0] if found else "http://deb.debian.org/debian"


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{command} gave {done.returncode}: {done.stderr[-3000:]}")
    return done.stdout


def _remove_cgroup(leaf: Path) -> None:
    for folder, _, _ in os.walk(leaf, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()
