import Net

extension PolicyFinder {
    /// A rest on the caller's loop, or on the clock of the runtime where there is none.
    @concurrent package static func alarm(_ duration: Duration) async {
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
