public import Mail

extension Configuration {
    /// What the operator is told of by himself, and when.
    public struct Alarms: Sendable, Equatable {
        public var isEnabled = true
        /// Program and arguments; empty for none.
        public var command: [String] = []
        /// An https URI; nil for none.
        public var post: String?
        /// For so long a sighting counts.
        public var window = Duration.seconds(1800)
        /// Unrelated hosts without STARTTLS, and their share of those met.
        public var startTLSHosts = 5
        public var startTLSShare = 0.7
        /// Unrelated hosts that take no connection.
        public var port25Hosts = 5
        public var clockOffset = Duration.seconds(300)
        /// Unrelated hosts that say what time it is.
        public var clockPeers = 5
        /// A listener's certificate that ends within this time.
        public var certificateBefore = Duration.seconds(14 * 86_400)
        /// Mail that expires within this time.
        public var forecastBefore = Duration.seconds(86_400)
        public var ignored: [AlarmKind] = []

        /// Words of ``command``.
        static let commandLimit = 32
    }
}

extension AlarmThresholds {
    init(_ configuration: Configuration.Alarms) {
        self.init(
            window: configuration.window.components.seconds, startTLSHosts: configuration.startTLSHosts,
            startTLSShare: configuration.startTLSShare, port25Hosts: configuration.port25Hosts,
            clockOffset: configuration.clockOffset.components.seconds, clockPeers: configuration.clockPeers)
    }
}

extension AlarmBook.Terms {
    init(_ configuration: Configuration.Alarms) {
        self.init(isEnabled: configuration.isEnabled, ignored: Set(configuration.ignored))
    }
}
