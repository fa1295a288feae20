import Mail
import Store

/// What a double does not keep, it does not have.
extension WatchStore {
    func putException(_ exception: PolicyException) async throws(StoreError) {}
    func removeException(of domain: DomainName) async throws(StoreError) -> Bool { false }
    func exceptions() async throws(StoreError) -> (sound: [PolicyException], damaged: [String]) { ([], []) }
    func addAlarm(_ alarm: OperatorAlarm) async throws(StoreError) -> OperatorAlarm { alarm }
    func updateAlarm(_ alarm: OperatorAlarm) async throws(StoreError) -> Bool { false }
    func standingAlarms() async throws(StoreError) -> [OperatorAlarm] { [] }
    func alarms(before: Int64?, limit: Int) async throws(StoreError) -> [OperatorAlarm] { [] }
    func facts(of names: [String]) async throws(StoreError) -> [KnownFact] { [] }
    func learn(_ facts: [KnownFact], _ changes: [FactChange]) async throws(StoreError) {}
    func changes(of names: [String], before: Int64?, limit: Int) async throws(StoreError) -> [FactChange] { [] }
    func forgetFacts(before time: WallTime) async throws(StoreError) {}
    func deliveries(
        by side: DeliverySide, from first: ReportDay, to last: ReportDay, after name: String?, limit: Int
    ) async throws(StoreError) -> [DeliverySum] { [] }
    func removeDeliveries(before day: ReportDay) async throws(StoreError) {}
    func proofs(
        from first: WallTime, to last: WallTime, before: Int64?, limit: Int
    ) async throws(StoreError) -> [RequireTLSProof] { [] }
    func noteObserved(_ observed: [ObservedCount]) async throws(StoreError) {}
    func observed(from day: ReportDay, limit: Int) async throws(StoreError) -> [ObservedCount] { [] }
    func expiring(before time: WallTime, limit: Int) async throws(StoreError) -> [ExpirySum] { [] }
    func waiting(for causes: Set<Reason.Cause>, limit: Int) async throws(StoreError) -> [PolicyWait] { [] }
    func waitingDestinations(after name: String?, limit: Int) async throws(StoreError) -> [WaitingCount] { [] }
    func waitingDomains(at destination: String, limit: Int) async throws(StoreError) -> [DomainCount] { [] }
}
