import Relay
import Testing

@testable import relayctl

@Suite("What the daemon refuses")
struct RefusalTests {
    @Test(
        "asked wrongly is usage, busy is unavailable, and all else is unexpected",
        arguments: [(400, relayctl.ExitStatus.usage), (503, .unavailable), (404, .unexpected), (500, .unexpected)])
    func status(_ status: Int, _ expected: relayctl.ExitStatus) {
        let failure = DaemonClient(socket: "/nowhere").failure(
            .refused(status: status, ControlErrorView(code: "code", message: "why", cure: "Do this")))
        #expect(failure.status == expected && failure.message == "why. Do this.")
    }

    @Test("what is not relayd is as good as no relayd, and the message says what names the socket")
    func foreign() {
        let failure = DaemonClient(socket: "/run/other.sock").failure(.foreign)
        #expect(failure.status == .unavailable)
        #expect(failure.message.hasPrefix("what listens on /run/other.sock does not answer as relayd does. "))
        #expect(failure.message.contains("--socket") && failure.message.contains("control.socket"))
    }
}
