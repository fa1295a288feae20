import Mail
import Store
import Synchronization

@testable import Relay

/// A ``WatchStore`` in memory, as far as history and forecast need one.
final class WatchMemory: WatchStore {
    struct State {
        var facts: [String: [KnownFact]] = [:]
        var changes: [FactChange] = []
        var standing: [OperatorAlarm] = []
        var expiring: [ExpirySum] = []
        var writes = 0
        var reads = 0
        var fails = false
        var failsReading = false
        var forgottenBefore: WallTime?
    }

    let state = Mutex(State())

    func facts(of names: [String]) async throws(StoreError) -> [KnownFact] {
        let found: [KnownFact]? = state.withLock { state in
            if state.failsReading { return nil }
            state.reads += 1
            return names.flatMap { state.facts[$0] ?? [] }
        }
        guard let found else { throw .busy }
        return found
    }

    func learn(_ facts: [KnownFact], _ changes: [FactChange]) async throws(StoreError) {
        let fails = state.withLock { state in
            if state.fails { return true }
            state.writes += 1
            for fact in facts {
                state.facts[fact.name, default: []].removeAll { $0.kind == fact.kind }
                state.facts[fact.name, default: []].append(fact)
            }
            state.changes += changes
            return false
        }
        if fails { throw .busy }
    }

    func changes(of names: [String], before: Int64?, limit: Int) async throws(StoreError) -> [FactChange] {
        state.withLock { state in Array(state.changes.filter { names.contains($0.name) }.reversed().prefix(limit)) }
    }

    func forgetFacts(before time: WallTime) async throws(StoreError) { state.withLock { $0.forgottenBefore = time } }
    func standingAlarms() async throws(StoreError) -> [OperatorAlarm] { state.withLock { $0.standing } }

    func expiring(before time: WallTime, limit: Int) async throws(StoreError) -> [ExpirySum] {
        state.withLock { state in Array(state.expiring.filter { $0.first < time }.prefix(limit)) }
    }
}
