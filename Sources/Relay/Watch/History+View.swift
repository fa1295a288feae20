import Mail
import Store

/// What is known of a domain or a host, read from the store: `relayctl history`.
struct HistoryReading: Sendable {
    let store: any WatchStore
    let port: UInt16

    /// MX hosts of a domain whose facts are shown with it.
    static let hosts = RecordLimits.mx

    /// Nil where nothing is known of the name.
    func view(of domain: DomainName, before: Int64?, limit: Int) async throws(StoreError) -> HistoryView? {
        let own = try await store.facts(of: [domain.text])
        let mx = own.first { $0.kind == .mx }
        // A domain without MX records is its own host.
        var hosts = mx.map { FactReading.hosts(inMX: $0.value) } ?? []
        if hosts.isEmpty { hosts = [domain] }
        var names = [domain.text]
        for host in hosts.prefix(Self.hosts) {
            for port in Set([NextHop.defaultPort, port]).sorted() {
                names.append(FactReading.name(of: host, port: port))
                names.append(FactReading.name(of: host, port: port, for: domain))
            }
        }
        var seen: Set<String> = []
        names = names.filter { seen.insert($0).inserted }
        let facts = try await store.facts(of: names)
        let changes = try await store.changes(of: names, before: before, limit: limit)
        if facts.isEmpty, changes.isEmpty { return nil }
        let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($0.element, $0.offset) })
        let kinds = KnownFact.Kind.allCases
        let ordered = facts.sorted { left, right in
            let one = (places[left.name] ?? .max, kinds.firstIndex(of: left.kind) ?? 0)
            return one < (places[right.name] ?? .max, kinds.firstIndex(of: right.kind) ?? 0)
        }
        return HistoryView(
            name: domain.text, known: ordered.map(KnownFactView.init), changes: changes.map(FactChangeView.init),
            next: changes.count < limit ? nil : changes.last?.number)
    }
}
