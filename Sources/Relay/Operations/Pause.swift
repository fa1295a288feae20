import Net

extension Loop {
    /// Rests for `duration`, whatever executor the caller runs on: `sleep(until:)` is for the loop's own tasks.
    /// - Returns: false where the loop has stopped.
    func pause(_ duration: Duration) async -> Bool {
        await task { (try? await self.sleep(until: .after(duration))) != nil }.value
    }

    /// Runs `body` here, as a part of the caller's task, and cancels it after `limit`; returns once it has ended.
    /// - Returns: nil where the limit came first, or the caller was cancelled.
    func run<Value: Sendable>(
        within limit: Duration, _ body: @escaping @Sendable () async -> Value
    ) async -> Value? {
        await withTaskExecutorPreference(self) {
            await withTaskGroup(of: Value?.self) { group in
                group.addTask { await body() }
                group.addTask {
                    await Self.rest(limit)
                    return nil
                }
                let first = await group.next()
                group.cancelAll()
                return first ?? nil
            }
        }
    }

    /// A rest on the caller's loop, or on the clock of the runtime where there is none.
    @concurrent package static func rest(_ duration: Duration) async {
        guard let loop = Loop.current else {
            try? await Task.sleep(for: duration)
            return
        }
        let alarm = Alarm(on: loop)
        await withTaskCancellationHandler {
            _ = try? await alarm.wait(until: .after(duration))
        } onCancel: {
            alarm.ring()
        }
    }
}
