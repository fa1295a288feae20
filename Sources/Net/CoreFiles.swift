import CLinux
import Glibc

/// Memory of this process that a crash would write to a disk or a log: mail, keys and passwords.
public enum CoreFiles {
    /// No core file is written of this process from here on, also by a program that the kernel pipes it to (core(5)), and no other
    /// process of the same user may read its memory (ptrace(2)). What the system refuses is left out.
    public static func forbid() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        _ = waxwing_not_dumpable()
    }

    /// A fault ends the process at once from here on. The backtracer that Swift's runtime starts where it is installed would hold it for
    /// seconds, and write what its registers point to, a letter as like as not, to standard error. `SWIFT_BACKTRACE` in the environment says
    /// that somebody wants just that (docs of Swift, Backtracing): then it is left alone.
    ///
    /// To be called before ``InFlight`` notes crashes.
    public static func fallAtOnce() {
        guard getenv("SWIFT_BACKTRACE") == nil else { return }
        FaultSignals.fallAtOnce()
    }
}
