import CUnbound
import Glibc
import Net

/// What the worker gives up before it reads the first octet: it parses what any stranger publishes.
enum Confinement {
    /// Descriptors: ports, TCP connections, and some for libunbound itself.
    static let descriptorLimit = UInt64(UnboundDefaults.outgoingRange + UnboundDefaults.outgoingTCP + 256)
    /// Octets of address space beyond what the process has at start: caches of 116 MiB, thread stacks and malloc arenas
    /// several times over.
    static let addressSpaceAllowance = UInt64(2) << 30

    /// Keeps `descriptor` and the standard streams, nothing else. What the system refuses is left out: the worker then
    /// runs with more rights than it wants, not with a fault.
    static func apply(keeping descriptor: Int32) {
        // Dies with the daemon even where the daemon could not close its end.
        _ = shim_prctl_die_with_parent()
        _ = shim_prctl_no_new_privileges()
        _ = shim_prctl_not_dumpable()
        // A backtracer that the language's runtime has installed would hold it for seconds, and write its memory into a log.
        FaultSignals.fallAtOnce()
        ignoreSignals()
        closeAll(except: descriptor)
        limit(RLIMIT_CORE, to: 0)
        limit(RLIMIT_NOFILE, to: descriptorLimit)
        if let size = addressSpaceInUse() { limit(RLIMIT_AS, to: size &+ addressSpaceAllowance) }
    }

    /// The terminal and systemd signal the whole group: the daemon decides when its resolver ends, by closing the socket.
    private static func ignoreSignals() {
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE] { _ = signal(number, SIG_IGN) }
    }

    private static func closeAll(except descriptor: Int32) {
        let null = open("/dev/null", O_RDONLY)
        if null >= 0 {
            _ = dup2(null, 0)
            if null > 2 && null != descriptor { _ = close(null) }
        }
        let first = UInt32(3)
        let kept = UInt32(clamping: descriptor)
        if kept > first { _ = shim_close_range(first, kept - 1) }
        _ = shim_close_range(max(first, kept &+ 1), .max)
    }

    private static func limit(_ resource: __rlimit_resource, to value: UInt64) {
        let number = __rlimit_resource_t(resource.rawValue)
        var now = rlimit()
        guard getrlimit(number, &now) == 0 else { return }
        let most = rlim_t(min(value, UInt64(now.rlim_max)))
        var bound = rlimit(rlim_cur: most, rlim_max: most)
        _ = setrlimit(number, &bound)
    }

    /// Octets of address space, from proc(5); nil under a sanitizer, which reserves terabytes, and without /proc.
    private static func addressSpaceInUse() -> UInt64? {
        guard let text = try? TextFile.read("/proc/self/statm", what: "statm"),
            let pages = text.split(separator: " ").first.flatMap({ UInt64($0) })
        else { return nil }
        let size = pages &* UInt64(clamping: sysconf(Int32(_SC_PAGESIZE)))
        return size > 1 << 40 ? nil : size
    }
}
