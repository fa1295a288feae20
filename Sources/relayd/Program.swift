import ArgumentParser
import DNS
import Glibc

/// The entry. Not asynchronous itself: the resolver's worker closes every descriptor it was not given, which must happen
/// before libdispatch has any of its own, or its threads die of it.
@main
enum Program {
    static func main() {
        if CommandLine.arguments.dropFirst().first == "--resolver-worker" { exit(ResolverWorker.run()) }
        Task.detached {
            await Relayd.main()
            exit(0)
        }
        // Not dispatchMain(): that ends this thread, and what is ending keeps its rights when all others give them up
        // (``SystemUser/become()``). It has nothing to do but to be there for signals.
        while true { pause() }
    }
}
