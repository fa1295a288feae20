/// The stations of a message's way, started and stopped in order.
public enum Service {
    /// Runs until SIGTERM.
    public static func run(configuration: Configuration) async throws {}
}
