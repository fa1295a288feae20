import Mail
import Store
import Testing

@testable import Relay

@Suite("Standing orders")
struct StandingOrdersTests {
    @Test("Time that is left out counts for none and suspends nobody, though its end has not come")
    func leftOut() {
        let start = PolicyWorld.start
        let orders = StandingOrders()
        let end = start.advanced(by: 86_400)
        let span = Suspension(
            destination: SuspensionHistory.everywhere, since: start, until: end, reason: "x", endedAt: end)
        orders.renew(suspensions: [span], holds: [], at: start, reading: orders.beginReading())
        #expect(orders.suspensions(at: start).isEmpty && orders.elapsed(at: end).isEmpty)
        #expect(orders.secondsSuspended("b.example", from: start, to: end) == 86_400)
    }
}
