import DNS
import Glibc

// What the tests start as the resolver's worker.
exit(ResolverWorker.run())
