"""The queue outlives the daemon, and the daemon outlives its resolver."""

import os
import signal
import smtplib
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Iterator

from internet import addresses, dnsfaults
from internet.domains import BY_NAME
from internet.inside import Bed, wait_for
from internet.listeners import events
from internet.planned import PlannedHost, Session
from internet.relay import CHECKOUT, Relay, program
from internet.relayconfig import quoted
from internet.scenario import note
from internet.submission import Letter


@contextmanager
def fixture(bed: Bed) -> Iterator[Relay]:
    with Relay(bed, "20-restart", 20) as relay:
        yield relay


def scenario_make_run(relay: Relay) -> None:
    """What `make run` writes is a configuration that relayd takes"""
    done = subprocess.run([CHECKOUT / "conf" / "run", relay.folder / "make-run", "--check"], capture_output=True, text=True, timeout=60,
                          env=os.environ | {"RELAYD": str(program("relayd"))})
    assert done.returncode == 0 and "configuration is good" in done.stdout + done.stderr, done


# One letter each: a destination that fails again and again is left alone for a while, and this wants an attempt soon.
HELD_BACK = ("mismatch.example", "agility.example", "no-starttls.example", "starttls-454.example")


def queue_of(relay: Relay) -> dict[str, dict[str, object]]:
    _, page = relay.ctl_json("queue", "list", "--all")
    return {message["sender"]: message for message in page["messages"]}  # type: ignore[index]


def scenario_terminate(relay: Relay) -> None:
    """SIGTERM: exit 0, the queue is kept as it was, a restart goes on"""
    held = [Letter.to(f"someone@{domain}", name="term") for domain in HELD_BACK]
    for letter in held:
        relay.submit(letter)
        relay.wait_attempt(letter, letter.recipients[0], ("deferred",))
    before = queue_of(relay)
    assert {letter.sender for letter in held} <= set(before)
    assert relay.stop() == 0, relay.tail()
    relay.start()
    after = queue_of(relay)
    for letter in held:
        assert after[letter.sender]["id"] == before[letter.sender]["id"]
        assert after[letter.sender]["received_at"] == before[letter.sender]["received_at"]
        count = len(relay.attempts(letter))
        wait_for("attempt after the restart", lambda: len(relay.attempts(letter)) > count, 30)


def scenario_terminate_within_data(relay: Relay) -> None:
    """SIGTERM while a client sends its content: the content is taken to its end, then 421"""
    letter = Letter.to("someone@good.example", name="middle")
    content = letter.content.replace(b"\n", b"\r\n")
    with smtplib.SMTP(relay.address, addresses.RELAY_PORT, local_hostname="injector.example", timeout=30) as client:
        client.ehlo()
        assert client.mail(letter.sender)[0] == 250 and client.rcpt(letter.recipients[0])[0] == 250
        assert client.docmd("DATA")[0] == 354
        client.send(content[: len(content) // 2])
        assert relay.process
        relay.process.send_signal(signal.SIGTERM)
        wait_for("the daemon to stop accepting", lambda: "event=stopping" in relay.tail(), 10)
        client.send(content[len(content) // 2 :] + b".\r\n")
        code, text = client.getreply()
        assert code == 250, (code, text)
        assert client.getreply()[0] == 421
        client.close()
    assert relay.wait_exit() == 0, relay.tail()
    relay.start()
    wait_for("copy after the restart", lambda: relay.bed.delivered("good.example", letter.mark), 30)


@contextmanager
def stopped_while_thinking(relay: Relay, letter: Letter, place: str, words: bytes, extensions: tuple[str, ...]) -> Iterator[PlannedHost]:
    """SIGTERM reaches the relay while the first of two hosts thinks at `place` of a session, which then says `words`. The second host."""
    first, second = (host.address for host in BY_NAME["stop-hosts.example"].hosts)
    thinks, may_speak = threading.Event(), threading.Event()

    def answer(session: Session) -> bool:
        thinks.set()
        may_speak.wait(30)
        session.send(words)
        return True

    with PlannedHost(first, {place: answer}, extensions=extensions), PlannedHost(second) as other:
        relay.submit(letter)
        assert thinks.wait(10), relay.tail()
        assert relay.process
        relay.process.send_signal(signal.SIGTERM)
        wait_for("the end to begin", lambda: "event=stopping" in relay.tail(), 10)
        may_speak.set()
        assert relay.wait_exit(40) == 0, relay.tail()
        assert not other.connects, relay.attempts(letter)
        yield other


def scenario_terminate_between_hosts(relay: Relay) -> None:
    """SIGTERM while the first of two hosts thinks, which then says 554: the second was not asked, so nothing comes back, and the next life asks it"""
    letter = Letter.to("someone@stop-hosts.example", name="hosts")
    with stopped_while_thinking(relay, letter, "connect", b"554 5.7.1 not today\r\n", ("PIPELINING",)) as second:
        assert not [told for told in relay.attempts(letter) if told.get("status") == "bounced"], relay.attempts(letter)
        relay.start()
        wait_for("the letter at the second host", lambda: second.copies(letter.sender) == 1, 40)
    assert not relay.bed.bounces(letter.sender), "a notice was sent"


def scenario_terminate_between_policies(first: Relay) -> None:
    """SIGTERM while the first of two hosts thinks, which then refuses the TLS that is demanded: the second was not asked, so nothing is written down"""
    letter = Letter.to("someone@stop-hosts.example", name="policies")
    rule = {"destination": quoted("stop-hosts.example"), "level": quoted("encrypted")}
    with (Relay(first.bed, "20-restart-policies", 29, rules=(rule,)) as relay,
          stopped_while_thinking(relay, letter, "STARTTLS", b"454 4.7.0 not today\r\n", ("PIPELINING", "STARTTLS"))):
        assert not relay.attempts(letter), relay.attempts(letter)


STOP_LIMIT = 60.0


@contextmanager
def unanswered(address: str) -> Iterator[None]:
    """Whoever connects to port 25 of it hears nothing: the queue of its listener is full, and the kernel lets drop what comes then."""
    with ExitStack() as stack:
        stack.enter_context(socket.create_server((address, 25), backlog=0))
        stack.enter_context(socket.create_connection((address, 25), 5))
        yield


def connects(address: str) -> int:
    """Connections to port 25 of it that wait for its first word."""
    place = f"{socket.inet_aton(address)[::-1].hex().upper()}:0019"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(line[2] == place and line[3] == "02" for line in lines)


def scenario_terminate_within_connect(first: Relay) -> None:
    """SIGTERM while the second of two hosts does not answer, and the first is down: not waited for, not the host's fault, and nothing is written down"""
    refusing, mute = (host.address for host in BY_NAME["stop-hosts.example"].hosts)
    letter = Letter.to("someone@stop-hosts.example", name="connect")
    patient = {"delivery": {"connect_timeout": quoted("120s"), "shutdown_timeout": quoted("120s")}}
    with Relay(first.bed, "20-restart-connect", 30, more=patient) as relay:
        with unanswered(mute):
            relay.submit(letter)
            wait_for("a connect to the second host", lambda: connects(mute) == 1, 20)
            began = time.monotonic()
            assert relay.stop(STOP_LIMIT) == 0, relay.tail()
            note(f"the end took {time.monotonic() - began:.1f} s")
        assert not relay.attempts(letter) and "event=host-failed" not in relay.tail(), relay.tail()
        with PlannedHost(refusing), PlannedHost(mute):
            relay.start()
            wait_for("the letter after the restart", lambda: relay.attempts(letter), 40)
        assert [told["status"] for told in relay.attempts(letter)] == ["delivered"], relay.attempts(letter)


# A lookup that lasts, and an end that would have time for it. libunbound asks three times, and waits 20 seconds, 40 and 80 for an answer;
# with its own times it gives up after some five seconds, whatever lookup_timeout is.
PATIENT = {"dns": {"lookup_timeout": quoted("120s")}, "dns.unbound": {quoted("infra-cache-min-rtt:"): quoted("20000")},
           "delivery": {"shutdown_timeout": quoted("120s")}}


def scenario_terminate_within_lookup(first: Relay) -> None:
    """SIGTERM while nobody answers a lookup: it is not waited for, and its mail stays as it was"""
    domain = "fault-2.example"
    with Relay(first.bed, "20-restart-lookup", 23, more=PATIENT) as relay:
        asked = len(dnsfaults.questions(relay.bed.folder, domain))
        letter = Letter.to(f"someone@{domain}", name="lookup")
        relay.submit(letter)
        wait_for("the question", lambda: len(dnsfaults.questions(relay.bed.folder, domain)) > asked, 20)
        began = time.monotonic()
        assert relay.stop(STOP_LIMIT) == 0, relay.tail()
        note(f"the end took {time.monotonic() - began:.1f} s")
        assert not relay.attempts(letter), relay.tail()
        relay.start()
        (recipient,) = queue_of(relay)[letter.sender]["recipients"]  # type: ignore[misc]
        assert recipient["attempts"] == 0 and recipient["state"] in ("queued", "active"), recipient


def scenario_fresh_mail_across_kill(relay: Relay) -> None:
    """F111 SIGKILL right behind the 250: delivered after the restart"""
    letters = [Letter.to("someone@good.example", name="kill") for _ in range(20)]
    for letter in letters:
        relay.submit(letter)
    relay.kill()
    relay.start()
    for letter in letters:
        wait_for("copy after the kill", lambda: relay.bed.delivered("good.example", letter.mark), 30)


def scenario_second_daemon(relay: Relay) -> None:
    """F120 A second daemon on the same store refuses to start, the first goes on"""
    second = Relay(relay.bed, "20-restart-second", 21, store=relay.store)
    second.launch()
    assert second.wait_exit() in (69, 78), second.tail()
    assert str(relay.store) in second.tail() and second.tail().count("\n") <= 3, second.tail()
    relay.submit(Letter.to("someone@good.example"))


def scenario_resolver_dies(relay: Relay) -> None:
    """F23 The resolver worker is killed under load, three times: a new one comes, nothing is lost"""
    letters: list[Letter] = []
    stop = threading.Event()

    def load() -> None:
        domains = ("good.example", "dane-ta.example", "first-fails.example", "unusable.example", "insecure.example")
        while not stop.is_set():
            letter = Letter.to(f"someone@{domains[len(letters) % len(domains)]}", name="worker")
            relay.submit(letter)
            letters.append(letter)

    thread = threading.Thread(target=load)
    thread.start()
    try:
        for death in range(1, 4):
            worker = wait_for("resolver worker", relay.workers, 20)
            stop.wait(1.0)
            for pid in worker:
                os.kill(pid, signal.SIGKILL)
            wait_for("new worker", lambda: set(relay.workers()) - set(worker), 20)
            told = wait_for("the log's word of it", lambda: [one for one in events(relay, "resolver", state="worker-died") if one["deaths"] == str(death)], 20)
            assert "signal 9" in told[0]["reason"], told
    finally:
        stop.set()
        thread.join()
    assert len(letters) > 20, len(letters)
    for letter in letters:
        relay.wait_attempt(letter, letter.recipients[0], ("delivered",), 60)
    assert relay.process and relay.process.poll() is None


def scenario_worker_has_no_spool(relay: Relay) -> None:
    """The resolver worker holds no file of the store and no listening socket"""
    (worker,) = wait_for("one worker", lambda: len(found := relay.workers()) == 1 and found, 20)
    held = {os.readlink(f"/proc/{worker}/fd/{number}") for number in os.listdir(f"/proc/{worker}/fd")}
    assert not [path for path in held if str(relay.store) in path or "control.sock" in path], held


def scenario_bad_configuration(relay: Relay) -> None:
    """A wrong key: exit 78, with file, line and column"""
    broken = Relay(relay.bed, "20-restart-broken", 22, more={"retry": {"minimun": '"2s"'}})
    broken.launch()
    assert broken.wait_exit() == 78, broken.tail()
    line = next(number for number, text in enumerate(broken.toml.read_text().splitlines(), 1) if "minimun" in text)
    assert f"relayd.toml line={line} column=1 " in broken.tail() and "Did you mean minimum?" in broken.tail(), broken.tail()
