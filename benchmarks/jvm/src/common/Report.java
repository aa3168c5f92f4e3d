import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;

/** Says that the first record is here: the clock runs from now. */
final class Report {
    private static final AtomicBoolean BEGUN = new AtomicBoolean();

    static void firstRecord() {
        if (!BEGUN.compareAndSet(false, true)) return;
        Instant now = Instant.now();
        double at = now.getEpochSecond() + now.getNano() / 1e9;
        double cpu = ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
        System.out.printf(java.util.Locale.ROOT, "{\"first_record_at\": %.6f, \"cpu_before\": %.3f}%n", at, cpu);
        System.out.flush();
    }
}
