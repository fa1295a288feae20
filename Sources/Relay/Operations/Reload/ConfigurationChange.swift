/// What is different between two configurations, by key as an operator writes it.
struct ConfigurationChange: Hashable, Sendable {
    /// In the order of the reference page.
    private(set) var changed: [String] = []
    /// Of these the old value goes on until the daemon is started again.
    private(set) var restartNeeded: [String] = []
    /// What holds from now on: as written, but for ``restartNeeded``.
    private(set) var configuration: Configuration

    static func == (left: Self, right: Self) -> Bool {
        left.changed == right.changed && left.restartNeeded == right.restartNeeded
            && left.configuration == right.configuration
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(changed)
        hasher.combine(restartNeeded)
    }

    /// A key that only a start reads, and how its value is kept.
    struct Lasting: Sendable {
        let key: String
        let keep: @Sendable (_ old: Configuration, _ new: inout Configuration) -> Void
    }

    /// What others hold on to for as long as the daemon runs: its name in every message and notice, its queue, its doors.
    static let lasting: [Lasting] = [
        Lasting(key: "server.hostname") { $1.server.hostname = $0.server.hostname },
        Lasting(key: "server.user") { $1.server.user = $0.server.user },
        Lasting(key: "store.directory") { $1.store.directory = $0.store.directory },
        Lasting(key: "control.socket") { $1.control.socket = $0.control.socket },
        Lasting(key: "control.read_socket") { $1.control.readSocket = $0.control.readSocket },
        Lasting(key: "control.read_group") { $1.control.readGroup = $0.control.readGroup },
        Lasting(key: "metrics.listen") { $1.metrics.listen = $0.metrics.listen },
    ]

    /// Keys that are lists of tables, which have no spelling of their own.
    static let lists: [String: @Sendable (Configuration, Configuration) -> Bool] = [
        "intake.listener": { $0.intake.listeners == $1.intake.listeners },
        "intake.client": { $0.intake.writtenClients == $1.intake.writtenClients },
        "queue.rule": { $0.queue.writtenRules == $1.queue.writtenRules },
        "dkim.key": { $0.dkim.keys == $1.dkim.keys },
        "tlsrpt.override": { $0.tlsrpt.overrides == $1.tlsrpt.overrides },
    ]

    init(from old: Configuration, to new: Configuration) {
        configuration = new
        for section in ConfigurationSection.all {
            for key in section.keys {
                let isSame = Self.lists[key.path].map { $0(old, new) } ?? (key.spell(old) == key.spell(new))
                if isSame { continue }
                if let lasting = Self.lasting.first(where: { $0.key == key.path }) {
                    restartNeeded.append(key.path)
                    lasting.keep(old, &configuration)
                } else {
                    changed.append(key.path)
                }
            }
        }
        if old.writtenCanaries != new.writtenCanaries { changed.append(CanaryKeys.name) }
        if old.rules != new.rules { changed.append(RuleReader.name) }
        keepSocketRights(of: old)
    }

    /// A Unix socket that stays open has its file as it was made.
    private mutating func keepSocketRights(of old: Configuration) {
        var rights: [ListenPoint: SocketRights] = [:]
        for listener in old.intake.listeners {
            for point in listener.listen { rights[point] = SocketRights(listener) }
        }
        for (index, listener) in configuration.intake.listeners.enumerated() {
            let isOpen = listener.listen.contains { point in
                guard case .unix = point, let before = rights[point] else { return false }
                return before != SocketRights(listener)
            }
            if isOpen { restartNeeded.append("intake.listener[\(index)].socket_mode") }
        }
    }

    private struct SocketRights: Equatable {
        let mode: UInt32
        let group: String?

        init(_ listener: Configuration.WrittenListener) {
            mode = listener.socketMode
            group = listener.socketGroup
        }
    }
}
