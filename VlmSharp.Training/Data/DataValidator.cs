using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using VlmSharp.Imaging;

namespace VlmSharp.Training.Data;

/// <summary>Checks a whole dataset before a run: what is missing, empty, too long, duplicated or rotated.</summary>
/// <param name="encoder">Counts tokens and gives the length limit; without it lengths are in characters.</param>
/// <param name="readPictures">Whether every picture is decoded; if not, only its existence is checked.</param>
public sealed class DataValidator(ExampleEncoder? encoder = null, bool readPictures = true)
{
    /// <summary>Opens data and looks at them.</summary>
    /// <param name="path">A file or folder.</param>
    /// <param name="options">How it is read; bad lines are always skipped and reported.</param>
    /// <param name="progress">Hears the share of pictures that was seen, or null.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>What was found.</returns>
    /// <exception cref="TrainingDataException">The file as a whole cannot be read.</exception>
    public DataReport Validate(
        string path, DataOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        using TrainingData data = TrainingData.Read(path, (options ?? new DataOptions()) with { SkipBad = true });
        var report = new DataReport(data, encoder?.TextLength, encoder is null ? "characters" : "tokens");
        Dictionary<string, TrainingExample> pictures = LookAtTexts(data, report, cancellationToken);
        report.Pictures = pictures.Count;
        HashSet<string> bad = LookAtPictures(pictures, report, progress, cancellationToken);
        report.Usable = bad.Count == 0 ? data.Count : Enumerable.Range(0, data.Count).Count(i => !data[i].Images.Any(bad.Contains));
        return report;
    }

    /// <summary>Looks at all texts.</summary>
    /// <returns>The pictures, each with the first example that it is in.</returns>
    private Dictionary<string, TrainingExample> LookAtTexts(TrainingData data, DataReport report, CancellationToken cancellationToken)
    {
        var pictures = new Dictionary<string, TrainingExample>(StringComparer.Ordinal);
        var seen = new HashSet<UInt128>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < data.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            TrainingExample example = data[i];
            foreach (string image in example.Images) pictures.TryAdd(image, example);
            if (example.Prefix.Length == 0) report.EmptyPrefixes.Add(example.Where);
            if (example.Suffixes.Any(string.IsNullOrWhiteSpace)) report.EmptySuffixes.Add(example.Where);
            if (!seen.Add(Key(example))) report.Duplicates.Add(example.Where);
            if (example.Id is { } id && !ids.Add(id)) report.DuplicateIds.Add(example.Where);
            report.Prefixes.Add(example.Prefix);
            CountAnswers(example, data.Format, report);
        }

        return pictures;
    }

    private void CountAnswers(TrainingExample example, DataFormat format, DataReport report)
    {
        bool tooLong = false;
        foreach (string suffix in example.Suffixes)
        {
            int answer = encoder?.CountTokens(suffix) ?? suffix.Length;
            int whole = encoder?.CountText(example.Prefix, suffix) ?? example.Prefix.Length + suffix.Length;
            report.SuffixLengths.Add(answer);
            report.TextLengths.Add(whole);
            tooLong |= whole > encoder?.TextLength;
            report.Suffixes.Add(suffix);
            if (format == DataFormat.LabelFolder) report.Classes.Add(suffix);
            else
                foreach (string name in LocationText.Names(suffix)) report.Classes.Add(name);
        }

        if (tooLong) report.OverLong.Add(example.Where);
    }

    /// <summary>Looks at all pictures.</summary>
    /// <returns>Those that cannot be used.</returns>
    private HashSet<string> LookAtPictures(
        Dictionary<string, TrainingExample> pictures, DataReport report, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        var checks = new ConcurrentDictionary<string, PictureCheck>(StringComparer.Ordinal);
        var bad = new HashSet<string>(StringComparer.Ordinal);
        int done = 0;
        var threads = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.ForEach(pictures.Keys, threads, path =>
        {
            checks[path] = PictureCheck.Of(path, readPictures);
            progress?.Report((double)Interlocked.Increment(ref done) / pictures.Count);
        });
        foreach ((string path, TrainingExample example) in pictures) // in the data's order
        {
            PictureCheck check = checks[path];
            if (check.HadNoRoom) // beside no other it may fit
            {
                FreeMemory.Gather();
                check = PictureCheck.Of(path, readPictures);
            }

            string place = $"{example.Where}: {path}";
            if (check.IsMissing) report.MissingPictures.Add(place);
            if (check.Fault is { } fault) report.DamagedPictures.Add($"{example.Where}: {fault}");
            if (check.IsMissing || check.Fault is not null) bad.Add(path);
            if (check.IsTurned) report.RotatedPictures.Add(place);
            if (check.Size is var (width, height) && example.StatedSize is { } stated && stated != (width, height))
                report.OtherSizes.Add($"{place} has {width} x {height} pixels, not {stated.Width} x {stated.Height}");
        }

        return bad;
    }

    /// <summary>A key that is equal for examples that teach the same.</summary>
    private static UInt128 Key(TrainingExample example)
    {
        string text = string.Join('\0', [string.Join('\u0001', example.Images), example.Prefix, .. example.Suffixes]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        return MemoryMarshal.Read<UInt128>(hash);
    }
}
