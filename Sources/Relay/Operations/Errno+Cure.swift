import Net

extension Errno {
    /// What to do where nobody can listen at `address`, as a sentence without its full stop; nil where there is nothing particular.
    func cure(listeningAt address: SocketAddress) -> String? {
        let isUnix = if case .unix = address { true } else { false }
        return switch self {
        case .addressInUse:
            "End what listens there, or choose another one; what an open listener covers is free once that one is closed"
        case .addressNotAvailable:
            "This machine has no such address: choose one that ip address shows, or start relayd when it is up (After=network-online.target)"
        case .permissionDenied where isUnix: "Let the user of relayd write to its folder"
        case .permissionDenied:
            "Ports below 1024 need a right: have systemd listen (conf/waxwing.socket), or start relayd as root with server.user"
        case .readOnlyFileSystem:
            "Mount the file system for writing, or choose another path; a unit of systemd must name its folder under ReadWritePaths="
        case .noSuchFile where isUnix: "Create its folder and give it to the user of relayd"
        default: nil
        }
    }
}
