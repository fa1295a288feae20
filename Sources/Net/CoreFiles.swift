import CLinux
import Glibc

/// Memory of this process that a crash would write to a disk: mail, keys and passwords.
public enum CoreFiles {
    /// No core file is written of this process from here on, also by a program that the kernel pipes it to (core(5)), and no other
    /// process of the same user may read its memory (ptrace(2)). What the system refuses is left out.
    public static func forbid() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        _ = waxwing_not_dumpable()
    }
}
