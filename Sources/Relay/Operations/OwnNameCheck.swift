import DNS
import Logging
import Mail

extension Service {
    /// Warns, once, where receivers may refuse our notices because the name said in EHLO does not pass SPF (CLI-03).
    func checkOwnName() async {
        let answer = await resolver.resolve(Question(hostname, .txt))
        guard case .faulty(let why) = SPFSelfCheck(answer) else { return }
        log.event(
            .warning,
            LogLine("own-name").with("name", hostname).with("reason", why)
                .with(
                    "cure", "publish one SPF record for the name, such as \"v=spf1 a -all\": notices are judged by it"))
    }
}
