import CLinux
import Glibc

/// What a thread's own doing raises. The one list is C's, for a handler goes by it: `waxwing_fault` in CLinux.
public enum FaultSignals {
    public static let all: [Int32] = (0..<Int32(waxwing_fault_count)).map { waxwing_fault($0) }

    /// Each ends this process from here on, whoever wanted to hear of it. SIGQUIT too, which the runtime's backtracer takes as well.
    public static func fallAtOnce() {
        for number in all + [SIGQUIT] { _ = waxwing_reset_signal(number, 0) }
    }
}
