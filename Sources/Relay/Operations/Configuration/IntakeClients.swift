public import Mail

/// Tells what holds for a client: the first `[[intake.client]]` table that matches it counts.
///
/// With thousands of tables a look is as quick as with one: they are found by what they ask for.
public struct IntakeClients: Sendable {
    private let tables: [Configuration.WrittenClient]
    private let clients: [IntakeClient]
    private let anyClient: IntakeClient
    /// Numbers of tables, ascending. Each table is in one of these three, by the narrowest of its keys.
    private var byUser: [String: [Int]] = [:]
    private var byFingerprint: [CertificateFingerprint: [Int]] = [:]
    private var byPrefix: [Prefix: [Int]] = [:]
    /// Of the keys of ``byPrefix``.
    private var lengths: Set<Int> = []

    public init(_ intake: Configuration.Intake) {
        tables = intake.writtenClients
        clients = intake.clients
        anyClient = intake.anyClient
        for (number, table) in tables.enumerated() {
            if !table.users.isEmpty {
                for user in Set(table.users) { byUser[user, default: []].append(number) }
            } else if !table.fingerprints.isEmpty {
                for fingerprint in Set(table.fingerprints) { byFingerprint[fingerprint, default: []].append(number) }
            } else {
                for network in Set(table.networks) {
                    byPrefix[Prefix(network), default: []].append(number)
                    lengths.insert(network.prefixLength)
                }
            }
        }
    }

    /// What holds for a client that is at `peer`, is logged in as `user`, and has proved to own the key of `certificate`.
    ///
    /// It may change when the client begins TLS or logs in: ask again. A peer on a Unix socket is in no network.
    public func limits(for peer: Peer, user: String?, certificate: ClientCertificate?) -> IntakeClient {
        let fingerprint = certificate.flatMap { CertificateFingerprint(octets: $0.fingerprint) }
        let address = peer.address?.unmapped
        let found = candidates(address: address, user: user, fingerprint: fingerprint).first { number in
            let table = tables[number]
            return table.matches(address: address, user: user, fingerprint: fingerprint)
        }
        return found.map { clients[$0] } ?? anyClient
    }

    /// Each table that no client ever comes to, for an earlier one matches all that it does; with the number of that one.
    func unreachable() -> [(number: Int, by: Int)] {
        tables.enumerated().compactMap { number, table in
            // One that matches all of them matches any one of them.
            let some = candidates(
                address: table.networks.first?.address, user: table.users.first, fingerprint: table.fingerprints.first)
            let earlier = some.first { $0 < number && tables[$0].matchesAll(of: table) }
            return earlier.map { (number, $0) }
        }
    }

    /// Tables that may match, ascending; every one that does is among them.
    func candidates(address: IPAddress?, user: String?, fingerprint: CertificateFingerprint?) -> [Int] {
        var numbers: [Int] = []
        if let user { numbers += byUser[user] ?? [] }
        if let fingerprint { numbers += byFingerprint[fingerprint] ?? [] }
        if let address {
            for length in lengths {
                guard let prefix = Prefix(of: address, length: length) else { continue }
                numbers += byPrefix[prefix] ?? []
            }
        }
        return numbers.sorted()
    }

    /// The first bits of an address.
    private struct Prefix: Hashable {
        let address: IPAddress
        let length: Int

        init(_ network: IPNetwork) {
            address = network.address
            length = network.prefixLength
        }

        /// Nil where the address has not so many bits. Shifts beyond the width give zero.
        init?(of address: IPAddress, length: Int) {
            switch address {
            case .v4(let value):
                guard length <= 32 else { return nil }
                self.address = .v4(value & (UInt32.max << (32 - length)))
            case .v6(let high, let low):
                self.address = .v6(
                    high: high & (UInt64.max << max(0, 64 - length)), low: low & (UInt64.max << (128 - length)))
            }
            self.length = length
        }
    }
}

extension Configuration.WrittenClient {
    /// It names no client at all.
    var hasNoKey: Bool { networks.isEmpty && users.isEmpty && fingerprints.isEmpty }

    func matches(address: IPAddress?, user: String?, fingerprint: CertificateFingerprint?) -> Bool {
        let isThere = networks.isEmpty || address.map { address in networks.contains { $0.contains(address) } } ?? false
        let isUser = users.isEmpty || user.map(users.contains) ?? false
        let isKnown = fingerprints.isEmpty || fingerprint.map(fingerprints.contains) ?? false
        return isThere && isUser && isKnown && !hasNoKey
    }

    /// Whatever client `other` matches, this matches too. It may be so without being seen: networks are compared one by one.
    func matchesAll(of other: Self) -> Bool {
        func covers<Value>(_ ours: [Value], _ theirs: [Value], _ covers: (Value, Value) -> Bool) -> Bool {
            ours.isEmpty || !theirs.isEmpty && theirs.allSatisfy { their in ours.contains { covers($0, their) } }
        }
        return !hasNoKey && covers(users, other.users, ==) && covers(fingerprints, other.fingerprints, ==)
            && covers(networks, other.networks) {
                $0.prefixLength <= $1.prefixLength && $0.contains($1.address)
            }
    }
}
