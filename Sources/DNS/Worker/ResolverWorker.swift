/// The worker's side: the only process that runs libunbound. Started by ``Resolver`` with its end of the socketpair on
/// descriptor 3.
public enum ResolverWorker {
    /// The descriptor the worker finds its socket on.
    public static let descriptor: Int32 = 3

    /// Serves until the other end closes; gives the exit status of the process. Call it first thing in `main`, before any
    /// configuration is read or thread started, and exit with what it returns.
    public static func run(descriptor: Int32 = descriptor) -> Int32 { 0 }
}
