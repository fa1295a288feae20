import Glibc
import Synchronization
import Testing

@testable import HTTPS

@Suite("HTTPS: the thread of its own")
struct EngineThreadTests {
    private final class Found: Sendable {
        let blocked = Mutex<Set<CInt>>([])
        let hasSignalStack = Mutex(false)
    }

    @Test("signals are for others, but not those of its own faults, for which it has a stack")
    func signals() throws {
        let found = Found()
        let thread = try #require(
            EngineThread {
                var mask = sigset_t()
                pthread_sigmask(SIG_BLOCK, nil, &mask)
                found.blocked.withLock { blocked in
                    for number in CInt(1)..<32 where sigismember(&mask, number) == 1 { blocked.insert(number) }
                }
                var stack = stack_t()
                let isKnown = sigaltstack(nil, &stack) == 0
                found.hasSignalStack.withLock { $0 = isKnown && stack.ss_flags & CInt(SS_DISABLE) == 0 }
            })
        thread.join()
        let blocked = found.blocked.withLock { $0 }
        #expect(blocked.isDisjoint(with: [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE]))
        #expect(blocked.isSuperset(of: [SIGPIPE, SIGTERM, SIGINT, SIGHUP]))
        #expect(found.hasSignalStack.withLock { $0 })
    }
}
