import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the runner tells a contender, as contenders/report.py describes it: one flat JSON object. */
final class Options {
    private static final Pattern FIELD = Pattern.compile("\"(\\w+)\": (?:\"([^\"]*)\"|(\\d+))");
    private final Map<String, String> values = new HashMap<>();

    Options(String json) {
        Matcher field = FIELD.matcher(json);
        while (field.find()) values.put(field.group(1), field.group(2) != null ? field.group(2) : field.group(3));
    }

    String get(String name) {
        String value = values.get(name);
        if (value == null) throw new IllegalArgumentException("the runner did not say " + name);
        return value;
    }
}
