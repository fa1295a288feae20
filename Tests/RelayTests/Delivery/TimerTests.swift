import Testing

@testable import Relay

@Suite("Timers of a session")
struct TimerTests {
    @Test(
        "CLI-09 CLI-10 by default each wait is as long as RFC 5321 §4.5.3.2 asks, so that 290 s of silence are waited out"
    )
    func defaults() {
        let delivery = Configuration().delivery
        #expect(delivery.greetingTimeout >= .seconds(300))
        #expect(delivery.commandTimeout >= .seconds(300))
        #expect(delivery.dataStartTimeout >= .seconds(120))
        #expect(delivery.dataBlockTimeout >= .seconds(180))
        #expect(delivery.dataEndTimeout >= .seconds(600))
    }
}
