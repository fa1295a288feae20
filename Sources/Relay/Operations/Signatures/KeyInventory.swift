public import Mail
import Net
import TLS
import DNS

/// All keys of a configuration, and whether DNS has their records.
public struct KeyInventory: Sendable {
    private let ring: KeyRing
    private let files: [String]
    private let domain: DomainName?

    /// Loads every key file; all faults at once.
    /// - Parameter domain: its keys alone.
    public init(loading configuration: Configuration, domain: DomainName? = nil) throws(ConfigurationError) {
        ring = try KeyRing(loading: configuration)
        // Those without a file are a fault of the configuration, which does not come this far.
        files = configuration.dkim.keys.compactMap(\.file)
        self.domain = domain
    }

    private var indices: [Int] { ring.keys.indices.filter { domain == nil || ring.keys[$0].domain == domain } }

    /// Where the records belong, in the order of the configuration.
    public var names: [DomainName] { indices.compactMap { Self.name(ring.keys[$0]) } }

    /// - Parameters:
    ///   - isOfFaultsAlone: leaves out the keys that are published as they should be.
    ///   - lookup: the lookup of each of ``names``.
    public func document(
        isOfFaultsAlone: Bool = false, _ lookup: (DomainName) -> DKIMKeyLookup
    ) -> DKIMRecordDocument {
        let keys = indices.map { index in
            let (key, privateKey) = (ring.keys[index], ring.privateKeys[index])
            let publication = Self.name(key).map { DKIMPublication(lookup($0), of: privateKey.publicKey, key) }
            return DKIMKeyDocument(
                privateKey, at: (key.domain, key.selector), file: index < files.count ? files[index] : "",
                isForReports: key.isForReports, notBefore: key.notBefore,
                publication: publication ?? .unfit("has a name too long for DNS"))
        }
        return DKIMRecordDocument(asked: keys, domain: domain, isOfFaultsAlone: isOfFaultsAlone)
    }

    private static func name(_ key: DKIMKey) -> DomainName? {
        try? DomainName("\(key.selector)._domainkey.\(key.domain)")
    }
}

/// Looks key records up without the daemon, by a resolver of its own.
public enum LocalKeyLookup {
    /// Lookups under way at a time.
    static let width = 20

    /// What the TXT records at each of `names` are now. For none of them no resolver is started.
    /// - Parameter program: started with `workerArguments` as the resolver's worker.
    public static func find(
        _ names: [DomainName], configuration: Configuration, program: String = Service.ownProgram,
        workerArguments: [String]
    ) async throws(ServiceError) -> [DomainName: DKIMKeyLookup] {
        guard !names.isEmpty else { return [:] }
        let loop: Loop
        do throws(Errno) {
            loop = try Loop(name: "keys")
            try loop.start()
        } catch {
            throw ServiceError.system("no event loop can be started: \(error)")
        }
        defer { loop.shutdown() }
        let resolver = try await ServiceParts.makeResolver(
            configuration, program: program, arguments: workerArguments, on: loop)
        let found = await loop.task { await find(names, by: resolver) }.value
        await resolver.close()
        return found
    }

    private static func find(_ names: [DomainName], by resolver: Resolver) async -> [DomainName: DKIMKeyLookup] {
        await withTaskGroup(of: (DomainName, DKIMKeyLookup).self) { group in
            var found: [DomainName: DKIMKeyLookup] = [:]
            for (index, name) in names.enumerated() {
                if index >= width, let (name, lookup) = await group.next() { found[name] = lookup }
                group.addTask { (name, DKIMKeyLookup(await resolver.resolve(Question(name, .txt)))) }
            }
            for await (name, lookup) in group { found[name] = lookup }
            return found
        }
    }
}
