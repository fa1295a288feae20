import ArgumentParser
import DNS
import Dispatch
import Glibc

/// The entry. Not asynchronous itself: the resolver's worker closes every descriptor it was not given, which must happen
/// before libdispatch has any of its own, or its threads die of it.
@main
enum Program {
    static func main() {
        if CommandLine.arguments.dropFirst().first == ResolverCommand.flag { exit(ResolverWorker.run()) }
        Task {
            await Relayctl.main()
            exit(0)
        }
        dispatchMain()
    }
}
