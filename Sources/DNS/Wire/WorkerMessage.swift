import Mail

/// What the worker tells the daemon.
enum WorkerMessage: Hashable, Sendable {
    /// The settings are in force and a first lookup went through libunbound of this version.
    case ready(library: String)
    /// The settings are refused, in words; the worker exits.
    case refused(String)
    /// Id, name and type are those of the question, and are compared with it: two answers can never be swapped.
    case answer(id: UInt64, Asked, Finding)

    private enum Kind: UInt8 { case ready = 0x81, refused, answer }
    private enum ResultKind: UInt8 { case records = 0, noData, noSuchName, failed }

    /// The frame with its length. A finding that exceeds the limits goes out as failed, with the limit as its reason.
    var frame: [UInt8] {
        switch self {
        case .ready(let library):
            var writer = WireWriter(kind: Kind.ready.rawValue)
            writer.counted(library.utf8, limit: WireLimit.reason)
            return writer.frame()
        case .refused(let reason):
            var writer = WireWriter(kind: Kind.refused.rawValue)
            writer.counted(reason.utf8, limit: WireLimit.reason)
            return writer.frame()
        case .answer(let id, let asked, let finding):
            return Self.answerFrame(id, asked, Self.bounded(finding))
        }
    }

    private static func bounded(_ finding: Finding) -> Finding {
        guard case .records(let records) = finding.result else { return finding }
        if records.count > WireLimit.records {
            return .failed("an answer of \(records.count) records, more than \(WireLimit.records)")
        }
        let octets = records.reduce(0) { $0 + $1.count }
        if octets > WireLimit.recordOctets {
            return .failed("an answer of \(octets) octets, more than \(WireLimit.recordOctets)")
        }
        return finding
    }

    private static func answerFrame(_ id: UInt64, _ asked: Asked, _ finding: Finding) -> [UInt8] {
        var writer = WireWriter(kind: Kind.answer.rawValue, capacity: 512)
        writer.integer(id)
        writer.integer(asked.type.rawValue)
        writer.counted(asked.nameText.utf8, limit: WireLimit.name)
        writer.integer(finding.security.octet)
        writer.integer(finding.timeToLive)
        writer.counted((finding.canonicalName?.text ?? "").utf8, limit: WireLimit.name)
        switch finding.result {
        case .records(let records):
            writer.integer(ResultKind.records.rawValue)
            writer.integer(UInt16(truncatingIfNeeded: records.count))
            for record in records { writer.counted(record, limit: Int(UInt16.max)) }
        case .noData:
            writer.integer(ResultKind.noData.rawValue)
        case .noSuchName:
            writer.integer(ResultKind.noSuchName.rawValue)
        case .failed(let reason):
            writer.integer(ResultKind.failed.rawValue)
            writer.counted(reason.utf8, limit: WireLimit.reason)
        }
        return writer.frame()
    }

    /// Reads one payload, as ``FrameReader`` cut it.
    init(payload: ArraySlice<UInt8>) throws(WireError) {
        var reader = WireReader(payload)
        let version = try reader.integer(UInt8.self)
        if version != WireLimit.version { throw .wrongVersion(version) }
        let kind = try reader.integer(UInt8.self)
        switch Kind(rawValue: kind) {
        case .ready:
            self = .ready(library: try reader.text(limit: WireLimit.reason, "version"))
        case .refused:
            self = .refused(try reader.text(limit: WireLimit.reason, "reason"))
        case .answer:
            let id = try reader.integer(UInt64.self)
            let asked = try Self.asked(&reader)
            self = .answer(id: id, asked, try Self.finding(&reader))
        case nil:
            throw .unknownKind(kind)
        }
        try reader.finish()
    }

    private static func asked(_ reader: inout WireReader) throws(WireError) -> Asked {
        guard let type = RecordType(rawValue: try reader.integer()) else { throw .outOfBounds("record type") }
        let name = try reader.counted(limit: WireLimit.name, "name")
        if name.elementsEqual(".".utf8) { return Asked(root: type) }
        guard let domain = try? DomainName(parsing: name) else { throw .outOfBounds("name") }
        return Asked(Question(domain, type))
    }

    private static func finding(_ reader: inout WireReader) throws(WireError) -> Finding {
        guard let security = Security(octet: try reader.integer()) else { throw .outOfBounds("security") }
        let timeToLive = try reader.integer(UInt32.self)
        let alias = try reader.counted(limit: WireLimit.name, "canonical name")
        var canonicalName: DomainName?
        if !alias.isEmpty {
            guard let name = try? DomainName(parsing: alias) else { throw .outOfBounds("canonical name") }
            canonicalName = name
        }
        let kind = try reader.integer(UInt8.self)
        let result: Answer.Result
        switch ResultKind(rawValue: kind) {
        case .records: result = .records(try records(&reader))
        case .noData: result = .noData
        case .noSuchName: result = .noSuchName
        case .failed: result = .failed(try reader.text(limit: WireLimit.reason, "reason"))
        case nil: throw .unknownKind(kind)
        }
        // "Nothing is known" and "this is the answer" must agree in both fields, whatever the worker says (SEC-05).
        let isKnown = security == .secure || security == .insecure
        if case .failed = result, isKnown { throw .outOfBounds("security of a failure") }
        if case .failed = result {} else if !isKnown { throw .outOfBounds("security of an answer") }
        return Finding(result, security, canonicalName: canonicalName, timeToLive: timeToLive)
    }

    private static func records(_ reader: inout WireReader) throws(WireError) -> [[UInt8]] {
        let count = Int(try reader.integer(UInt16.self))
        if count == 0 || count > WireLimit.records { throw .outOfBounds("number of records") }
        var total = 0
        var records: [[UInt8]] = []
        records.reserveCapacity(count)
        for _ in 0..<count {
            let record = try reader.counted(limit: Int(UInt16.max), "record")
            total += record.count
            if total > WireLimit.recordOctets { throw .outOfBounds("octets of records") }
            records.append(Array(record))
        }
        return records
    }
}

extension Security {
    /// As the protocol numbers them.
    fileprivate var octet: UInt8 {
        switch self {
        case .secure: 1
        case .insecure: 2
        case .bogus: 3
        case .failed: 4
        }
    }

    fileprivate init?(octet: UInt8) {
        guard let security = Security.allCases.first(where: { $0.octet == octet }) else { return nil }
        self = security
    }
}
