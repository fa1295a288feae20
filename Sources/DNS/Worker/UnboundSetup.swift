import Glibc

extension UnboundContext {
    /// A context with these settings in force, or the first setting that is refused, in words.
    static func configured(with settings: ResolverSettings) throws(SettingsRefusal) -> UnboundContext {
        guard let context = UnboundContext() else { throw SettingsRefusal("libunbound has no memory") }
        do throws(UnboundError) {
            let asksLocalhost = settings.forwarders.contains { $0.hasPrefix("127.") || $0.hasPrefix("::1") }
            for option in UnboundDefaults.required(localhostIsAsked: asksLocalhost) { try context.set(option) }
            for option in UnboundDefaults.whereKnown { try? context.set(option) }
            if !settings.rootHintsFile.isEmpty {
                try context.set(UnboundOption("root-hints:", settings.rootHintsFile))
            }
            for forwarder in settings.forwarders { try context.forward(to: forwarder) }
            if !settings.trustAnchorFile.isEmpty { try context.trustAnchors(fromFile: settings.trustAnchorFile) }
            for option in settings.options { try context.set(option) }
        } catch {
            throw SettingsRefusal(error.description)
        }
        if !settings.trustAnchorFile.isEmpty { try TrustAnchorFile.check(settings.trustAnchorFile) }
        if !settings.rootHintsFile.isEmpty { _ = try TextFile.read(settings.rootHintsFile, what: "root hints file") }
        return context
    }
}

/// Why the worker does not start, in words that name the setting.
struct SettingsRefusal: Error, Hashable {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

/// The file of root trust anchors. libunbound takes an empty one as "no anchors", which would make every zone insecure
/// and switch DANE off silently (SEC-07): it is looked at here first.
enum TrustAnchorFile {
    static func check(_ path: String) throws(SettingsRefusal) {
        let text = try TextFile.read(path, what: "trust anchor file")
        if !holdsRootAnchor(text) {
            throw SettingsRefusal("trust anchor file \(path): no DS or DNSKEY record of the root in it")
        }
    }

    /// True where a line, comments aside, starts with the root's name and has the type DS or DNSKEY.
    static func holdsRootAnchor(_ text: String) -> Bool {
        text.split(whereSeparator: \.isNewline).contains { line in
            let code = line.prefix { $0 != ";" }
            let words = code.split(whereSeparator: \.isWhitespace)
            guard words.first == "." else { return false }
            return words.dropFirst().prefix(3).contains { ["DS", "DNSKEY"].contains($0.uppercased()) }
        }
    }
}

/// Small files the operator names.
enum TextFile {
    /// Octets; a root hints file has 3,300.
    static let limit = 1 << 20

    static func read(_ path: String, what: String) throws(SettingsRefusal) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            throw SettingsRefusal("\(what) \(path): \(String(cString: strerror(errno)))")
        }
        defer { _ = close(descriptor) }
        var octets: [UInt8] = []
        var portion = [UInt8](repeating: 0, count: 16 * 1024)
        while octets.count <= limit {
            let count = Glibc.read(descriptor, &portion, portion.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw SettingsRefusal("\(what) \(path): \(String(cString: strerror(errno)))")
            }
            if count == 0 { return String(decoding: octets, as: UTF8.self) }
            octets.append(contentsOf: portion.prefix(count))
        }
        throw SettingsRefusal("\(what) \(path): more than \(limit) octets")
    }
}
