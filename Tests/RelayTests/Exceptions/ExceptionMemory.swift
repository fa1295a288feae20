import Mail
import Store

/// Exceptions and counts in memory, which a test may break, hold up, and keep over a restart.
actor ExceptionMemory: WatchStore {
    private(set) var kept: [DomainName: PolicyException] = [:]
    private(set) var counts: [ObservedCount] = []
    private(set) var removals = 0
    private let damaged: [String]
    private var isBroken = false

    init(damaged: [String] = []) { self.damaged = damaged }

    func setBroken(_ isBroken: Bool) { self.isBroken = isBroken }

    private func check() throws(StoreError) {
        if isBroken { throw .failed("disk I/O error") }
    }

    func putException(_ exception: PolicyException) async throws(StoreError) {
        try check()
        kept[exception.domain] = exception
    }

    func removeException(of domain: DomainName) async throws(StoreError) -> Bool {
        try check()
        removals += 1
        return kept.removeValue(forKey: domain) != nil
    }

    func exceptions() async throws(StoreError) -> (sound: [PolicyException], damaged: [String]) {
        try check()
        return (kept.values.sorted { $0.domain.text < $1.domain.text }, damaged)
    }

    func noteObserved(_ observed: [ObservedCount]) async throws(StoreError) {
        try check()
        counts += observed
    }

    func observed(from day: ReportDay, limit: Int) async throws(StoreError) -> [ObservedCount] { counts }
}
