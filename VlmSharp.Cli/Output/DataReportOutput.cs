using System.Text.Json;
using Spectre.Console;
using VlmSharp.Training.Data;

namespace VlmSharp.Cli.Output;

/// <summary>The report on training data, as tables and as JSON.</summary>
internal static class DataReportOutput
{
    private static readonly double[] Quantiles = [0, 0.5, 0.9, 0.99, 1];
    private static readonly string[] QuantileNames = ["shortest", "median", "90 %", "99 %", "longest"];
    private static readonly string[] QuantileKeys = ["min", "median", "p90", "p99", "max"];

    private readonly record struct Row(string Key, string Name, long Count, long Of, IReadOnlyList<string> First);

    /// <summary>Writes tables.</summary>
    /// <param name="report">What was found in one file.</param>
    /// <param name="top">Number of most frequent values to show.</param>
    public static void Show(DataReport report, int top)
    {
        string path = MessageWriter.Name(report.Path);
        Console.WriteLine($"{path}: {DataFormats.NameOf(report.Format)}, {report.Examples} examples, {report.Pictures} pictures");
        Table found = Tables.Create("found", "count", "share", "the first");
        foreach (Row row in Rows(report))
        {
            string share = row.Of == 0 ? "" : $"{(double)row.Count / row.Of:P1}";
            found.AddPlainRow(row.Name, $"{row.Count}", share, Plain(row.First is [var place, ..] ? place : ""));
        }

        foreach ((string what, long count) in report.LeftOut) found.AddPlainRow($"left out: {what}", $"{count}", "", "");
        Tables.Write(found);

        Table lengths = Tables.Create([report.LengthUnit, .. QuantileNames]);
        lengths.AddPlainRow(["question and answer", .. Quantiles.Select(share => $"{report.TextLengths.Quantile(share)}")]);
        lengths.AddPlainRow(["answer", .. Quantiles.Select(share => $"{report.SuffixLengths.Quantile(share)}")]);
        Tables.Write(lengths);

        Table ranges = Tables.Create($"{report.LengthUnit} of question and answer", "texts", "share");
        foreach ((int from, int to, long count) in report.TextLengths.Ranges())
            ranges.AddPlainRow($"{from} to {to}", $"{count}", $"{(double)count / report.TextLengths.Total:P1}");
        Tables.Write(ranges);

        ShowValues("class", report.Classes, top);
        ShowValues("answer", report.Suffixes, top);
        ShowValues("question", report.Prefixes, top);
        Console.WriteLine(Verdict(report));
    }

    /// <summary>A line that says whether the data can be used for training.</summary>
    private static string Verdict(DataReport report)
    {
        string share = $"{report.Usable} of {report.BadLineCount + report.Examples} examples";
        if (!report.IsBad) return $"usable: {share}";
        (long Count, string What)[] faults =
        [
            (report.BadLineCount, "bad lines"),
            (report.MissingPictures.Count, "missing pictures"),
            (report.DamagedPictures.Count, "damaged pictures"),
        ];
        string reasons = string.Join(", ", faults.Where(f => f.Count > 0).Select(f => $"{f.What} {f.Count}"));
        return report.Usable == 0
            ? $"not usable: {(reasons.Length > 0 ? $"no example is left ({reasons})" : "there is no example")}"
            : $"not usable as it is ({reasons}): mend that, or train with --skip-bad on {share}";
    }

    /// <summary>Writes a JSON object.</summary>
    /// <param name="json">Receives the object.</param>
    /// <param name="report">What was found in one file.</param>
    /// <param name="top">Number of most frequent values to write.</param>
    public static void Write(Utf8JsonWriter json, DataReport report, int top)
    {
        json.WriteStartObject();
        json.WriteString("path", report.Path);
        json.WriteString("format", DataFormats.NameOf(report.Format));
        json.WriteNumber("examples", report.Examples);
        json.WriteNumber("usable", report.Usable);
        json.WriteNumber("pictures", report.Pictures);
        json.WriteString("fingerprint", report.Fingerprint);
        json.WriteBoolean("bad", report.IsBad);
        foreach (Row row in Rows(report))
        {
            json.WriteStartObject(row.Key);
            json.WriteNumber("count", row.Count);
            if (row.Of > 0) json.WriteNumber("share", Math.Round((double)row.Count / row.Of, 6));
            json.WriteStartArray("first");
            foreach (string place in row.First) json.WriteStringValue(place);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteStartObject("left_out");
        foreach ((string what, long count) in report.LeftOut) json.WriteNumber(what, count);
        json.WriteEndObject();
        if (report.TextLength is { } length) json.WriteNumber("text_length", length);
        json.WriteString("length_unit", report.LengthUnit);
        WriteLengths(json, "text_lengths", report.TextLengths);
        WriteLengths(json, "answer_lengths", report.SuffixLengths);
        WriteValues(json, "classes", report.Classes, top);
        WriteValues(json, "answers", report.Suffixes, top);
        WriteValues(json, "questions", report.Prefixes, top);
        json.WriteEndObject();
    }

    private static IEnumerable<Row> Rows(DataReport report)
    {
        yield return new("bad_lines", "bad lines", report.BadLineCount, report.BadLineCount + report.Examples, report.BadLines.First);
        yield return Of("missing_pictures", "missing pictures", report.MissingPictures, report.Pictures);
        yield return Of("damaged_pictures", "damaged pictures", report.DamagedPictures, report.Pictures);
        yield return Of("rotated_pictures", "pictures turned by EXIF", report.RotatedPictures, report.Pictures);
        yield return Of("other_sizes", "pictures of another size than stated", report.OtherSizes, report.Pictures);
        yield return Of("empty_questions", "empty questions", report.EmptyPrefixes, report.Examples);
        yield return Of("empty_answers", "empty answers", report.EmptySuffixes, report.Examples);
        yield return Of("duplicates", "the same as one before", report.Duplicates, report.Examples);
        yield return Of("duplicate_ids", "with the id of one before", report.DuplicateIds, report.Examples);
        if (report.TextLength is { } length) yield return Of("over_long", $"longer than {length} tokens", report.OverLong, report.Examples);

        static Row Of(string key, string name, Findings findings, long all) => new(key, name, findings.Count, all, findings.First);
    }

    private static void ShowValues(string name, ValueCounts values, int top)
    {
        if (values.Total == 0 || top == 0) return;
        Table table = Tables.Create(name, "count", "share");
        foreach ((string value, long count) in values.Top(top))
            table.AddPlainRow(Plain(value), $"{count}", $"{(double)count / values.Total:P1}");
        if (values.Distinct > top) table.AddPlainRow($"... of {values.Distinct} different ones", "", "");
        Tables.Write(table);
    }

    private static void WriteLengths(Utf8JsonWriter json, string name, LengthCounts lengths)
    {
        json.WriteStartObject(name);
        json.WriteNumber("count", lengths.Total);
        foreach ((string key, double share) in QuantileKeys.Zip(Quantiles)) json.WriteNumber(key, lengths.Quantile(share));
        json.WriteStartArray("histogram");
        foreach ((int from, int to, long count) in lengths.Ranges())
        {
            json.WriteStartObject();
            json.WriteNumber("from", from);
            json.WriteNumber("to", to);
            json.WriteNumber("count", count);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteValues(Utf8JsonWriter json, string name, ValueCounts values, int top)
    {
        json.WriteStartObject(name);
        json.WriteNumber("count", values.Total);
        json.WriteNumber("distinct", values.Distinct);
        json.WriteStartArray("top");
        foreach ((string value, long count) in values.Top(top))
        {
            json.WriteStartObject();
            json.WriteString("text", value);
            json.WriteNumber("count", count);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The text on one line and without terminal commands: it comes from the data.</summary>
    private static string Plain(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '\u00B7' : c));
}
