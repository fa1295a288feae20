import Mail

/// What the daemon tells the worker.
enum DaemonMessage: Hashable, Sendable {
    /// First and once.
    case settings(ResolverSettings)
    case ask(id: UInt64, Asked)
    /// The answer is not awaited any more.
    case cancel(id: UInt64)

    private enum Kind: UInt8 { case settings = 1, ask, cancel }

    /// The frame with its length.
    var frame: [UInt8] {
        switch self {
        case .settings(let settings):
            var writer = WireWriter(kind: Kind.settings.rawValue)
            writer.counted(settings.trustAnchorFile.utf8, limit: WireLimit.optionValue)
            writer.counted(settings.rootHintsFile.utf8, limit: WireLimit.optionValue)
            writer.integer(UInt16(truncatingIfNeeded: settings.forwarders.count))
            for forwarder in settings.forwarders { writer.counted(forwarder.utf8, limit: WireLimit.optionValue) }
            writer.integer(UInt16(truncatingIfNeeded: settings.options.count))
            for option in settings.options {
                writer.counted(option.name.utf8, limit: WireLimit.optionValue)
                writer.counted(option.value.utf8, limit: WireLimit.optionValue)
            }
            return writer.frame()
        case .ask(let id, let asked):
            var writer = WireWriter(kind: Kind.ask.rawValue, capacity: 32 + asked.nameText.utf8.count)
            writer.integer(id)
            writer.integer(asked.type.rawValue)
            writer.counted(asked.nameText.utf8, limit: WireLimit.name)
            return writer.frame()
        case .cancel(let id):
            var writer = WireWriter(kind: Kind.cancel.rawValue)
            writer.integer(id)
            return writer.frame()
        }
    }

    /// Reads one payload, as ``FrameReader`` cut it.
    init(payload: ArraySlice<UInt8>) throws(WireError) {
        var reader = WireReader(payload)
        let version = try reader.integer(UInt8.self)
        if version != WireLimit.version { throw .wrongVersion(version) }
        let kind = try reader.integer(UInt8.self)
        switch Kind(rawValue: kind) {
        case .settings:
            self = .settings(try Self.settings(&reader))
        case .ask:
            let id = try reader.integer(UInt64.self)
            guard let type = RecordType(rawValue: try reader.integer()) else { throw .outOfBounds("record type") }
            let name = try reader.counted(limit: WireLimit.name, "name")
            if name.elementsEqual(".".utf8) {
                self = .ask(id: id, Asked(root: type))
            } else if let domain = try? DomainName(parsing: name) {
                self = .ask(id: id, Asked(Question(domain, type)))
            } else {
                throw .outOfBounds("name")
            }
        case .cancel:
            self = .cancel(id: try reader.integer())
        case nil:
            throw .unknownKind(kind)
        }
        try reader.finish()
    }

    private static func settings(_ reader: inout WireReader) throws(WireError) -> ResolverSettings {
        var settings = ResolverSettings()
        settings.trustAnchorFile = try reader.exactText(limit: WireLimit.optionValue, "trust anchor file")
        settings.rootHintsFile = try reader.exactText(limit: WireLimit.optionValue, "root hints file")
        let forwarders = Int(try reader.integer(UInt16.self))
        if forwarders > WireLimit.forwarders { throw .outOfBounds("forwarders") }
        for _ in 0..<forwarders {
            settings.forwarders.append(try reader.exactText(limit: WireLimit.optionValue, "forwarder"))
        }
        let options = Int(try reader.integer(UInt16.self))
        if options > WireLimit.options { throw .outOfBounds("options") }
        for _ in 0..<options {
            let name = try reader.exactText(limit: WireLimit.optionValue, "option")
            settings.options.append(
                UnboundOption(name, try reader.exactText(limit: WireLimit.optionValue, "option")))
        }
        return settings
    }
}

extension ResolverSettings {
    /// The first thing in here that would not fit the protocol, in words; nil where all does.
    var excess: String? {
        if forwarders.count > WireLimit.forwarders { return "more than \(WireLimit.forwarders) forwarders" }
        if options.count > WireLimit.options { return "more than \(WireLimit.options) unbound options" }
        let texts = [trustAnchorFile, rootHintsFile] + forwarders + options.flatMap { [$0.name, $0.value] }
        for text in texts where text.utf8.count > WireLimit.optionValue {
            return "a value of more than \(WireLimit.optionValue) octets: \(text.prefix(40))…"
        }
        let total = texts.reduce(0) { $0 + $1.utf8.count + 2 }
        return total > WireLimit.frame - 64 ? "settings of more than \(WireLimit.frame) octets" : nil
    }
}
