/// How `relayctl` starts itself again as the worker of its own resolver.
enum ResolverCommand {
    static let flag = "--resolver-worker"
    static let arguments = [flag]
}
