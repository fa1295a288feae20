/// The worker's side: the only process that runs libunbound. Started by ``Resolver`` with its end of the socketpair on
/// descriptor 3.
public enum ResolverWorker {
    /// The descriptor the worker finds its socket on.
    public static let descriptor: Int32 = 3
    /// Lookups inside libunbound at once; the daemon holds the same bound.
    public static let inFlightLimit = Resolver.inFlightLimit

    /// Serves until the other end closes; gives the exit status of the process. Call it first thing in `main`, before any
    /// configuration is read or thread started, and exit with what it returns: 0 at the end, 76 where the other end does
    /// not speak the protocol, 78 where the settings are refused, 74 where the socket fails.
    public static func run(descriptor: Int32 = descriptor) -> Int32 {
        Confinement.apply(keeping: descriptor)
        var session = WorkerSession(socket: WorkerSocket(descriptor: descriptor))
        do throws(WorkerEnd) {
            try session.run()
        } catch {
            return error.status
        }
    }
}

/// Why a worker ends.
enum WorkerEnd: Error, Hashable {
    case closed
    case protocolViolation(WireError)
    case settingsRefused
    case socketFailed(Int32)
    case libraryFailed

    /// By sysexits(3).
    var status: Int32 {
        switch self {
        case .closed: 0
        case .protocolViolation: 76
        case .settingsRefused: 78
        case .socketFailed: 74
        case .libraryFailed: 70
        }
    }
}
