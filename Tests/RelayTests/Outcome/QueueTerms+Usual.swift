import Mail
import Store

@testable import Relay

extension QueueTerms {
    /// What holds where the operator has said nothing.
    static var usual: QueueTerms {
        QueueTerms(schedule: Schedule(), rules: QueueRules(), routing: Routing(), orders: StandingOrders())
    }
}
