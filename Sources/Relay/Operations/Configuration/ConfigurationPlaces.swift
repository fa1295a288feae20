/// Where each key of the file stood, by its path: `intake.listen[0]`, `dns.unbound."edns-buffer-size:"`.
///
/// Two of them are always equal: where a key stood is no part of what was configured.
struct ConfigurationPlaces: Sendable, Equatable {
    struct KeyPlace: Hashable, Sendable {
        let key: TextPlace
        let value: TextPlace
    }

    private(set) var file = ""
    private(set) var entries: [String: KeyPlace] = [:]
    /// Where the text is nested more deeply than ``KeyLocator/depthLimit``; what follows there is not in ``entries``.
    private(set) var tooDeep: TextPlace?

    /// The first place at which the parser proper does not look before it takes, and what is wrong there.
    private(set) var unreadable: (place: TextPlace, problem: String)?

    static func == (_: Self, _: Self) -> Bool { true }

    mutating func name(_ file: String) {
        self.file = file
    }

    /// The first mention counts: `[a]` before `[a.b]`.
    mutating func note(_ path: String, key: TextPlace, value: TextPlace) {
        if entries[path] == nil { entries[path] = KeyPlace(key: key, value: value) }
    }

    mutating func noteTooDeep(_ place: TextPlace) {
        tooDeep = tooDeep ?? place
    }

    mutating func noteUnreadable(_ place: TextPlace, _ problem: String) {
        unreadable = unreadable ?? (place, problem)
    }

    func key(_ path: String) -> TextPlace? { entries[path]?.key }

    func value(_ path: String) -> TextPlace? { entries[path]?.value }

    /// A key that is not bare is quoted as TOML has it: a dot in it is no path, and nothing in it steers a terminal.
    static func path(_ table: String, _ name: String) -> String {
        let isBare = !name.isEmpty && name.unicodeScalars.allSatisfy(KeyLocator.isBare)
        let part = isBare ? name : TOMLText.quoted(name)
        return table.isEmpty ? part : "\(table).\(part)"
    }

    static func path(_ list: String, _ element: Int) -> String {
        "\(list)[\(element)]"
    }
}
