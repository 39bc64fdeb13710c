using System.Security.Cryptography;
using System.Text;

namespace VlmSharp.Cli.Batch;

/// <summary>
/// Everything that a batch has to do, in order: pictures in folders, lines of manifests (JSONL, or plain lists of paths),
/// lines of standard input, single pictures. A manifest is read as the work goes on, never whole.
/// </summary>
internal sealed class WorkList
{
    /// <summary>A longer line is an error: a list of paths is not one endless line.</summary>
    private const int MaxLine = 1 << 20;

    private static readonly string[] PictureExtensions = [".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".pbm", ".pnm"];

    private readonly List<Source> sources = [];

    /// <summary>Items in all.</summary>
    public long Count { get; private set; }

    /// <summary>SHA-256 of all lines, in hexadecimal: two lists with the same one are the same work.</summary>
    public string Fingerprint { get; }

    /// <summary>Looks at all inputs once.</summary>
    /// <param name="inputs">Folders, manifests, pictures, - for standard input.</param>
    /// <param name="standardInput">Standard input, read to its end when asked for.</param>
    /// <exception cref="IOException">An input is not there or cannot be read.</exception>
    public WorkList(IReadOnlyList<string> inputs, TextReader standardInput)
    {
        foreach (string input in inputs) sources.Add(Open(input, standardInput));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (line, _) in Lines())
        {
            hash.AppendData(Encoding.UTF8.GetBytes(line + "\n"));
            Count++;
        }

        if (Count == 0) throw new IOException($"{string.Join(", ", inputs)}: there is nothing to do; every line is blank.");
        Fingerprint = Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Some of the items, in order.</summary>
    /// <param name="first">Index of the first.</param>
    /// <param name="step">Distance to the next.</param>
    public IEnumerable<WorkItem> Items(long first, long step)
    {
        long index = 0;
        foreach (var (line, folder) in Lines())
        {
            if (index >= first && (index - first) % step == 0) yield return WorkItem.Parse(line, index, folder);
            index++;
        }
    }

    private IEnumerable<(string Line, string Folder)> Lines()
    {
        foreach (Source source in sources)
            foreach (string line in source.Lines())
                if (line.Trim() is { Length: > 0 } trimmed) yield return (trimmed, source.Folder);
    }

    private static Source Open(string input, TextReader standardInput)
    {
        if (input == "-")
        {
            var lines = ReadLines(standardInput, "standard input").ToList(); // it can be read only once
            return new Source("", () => lines);
        }

        if (Directory.Exists(input))
        {
            string[] files = [.. Directory.EnumerateFiles(input, "*", SearchOption.AllDirectories).Where(IsPicture)
                .Select(file => Path.GetRelativePath(input, file).Replace('\\', '/')).Order(StringComparer.Ordinal)];
            return files.Length > 0 ? new Source(input, () => files) : throw new IOException($"{input} has no pictures ({string.Join(' ', PictureExtensions)}).");
        }

        if (!File.Exists(input)) throw new IOException($"{input} does not exist; give a folder, a manifest, a picture, or - for standard input.");
        return IsPicture(input) ? new Source("", () => [input]) : new Source(Path.GetDirectoryName(input) ?? "", () => ReadFile(input));
    }

    private static bool IsPicture(string file) => PictureExtensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<string> ReadFile(string file)
    {
        using StreamReader reader = File.OpenText(file);
        foreach (string line in ReadLines(reader, file)) yield return line;
    }

    /// <summary>As <see cref="TextReader.ReadLine"/>, but never more than <see cref="MaxLine"/> characters.</summary>
    private static IEnumerable<string> ReadLines(TextReader reader, string name)
    {
        var line = new StringBuilder();
        char[] buffer = new char[1 << 14];
        long number = 1;
        for (int count; (count = reader.Read(buffer)) > 0;)
        {
            for (int i = 0; i < count; i++)
            {
                if (buffer[i] != '\n')
                {
                    if (line.Length == MaxLine) throw new IOException($"{name}: line {number} is longer than {MaxLine} characters; give one path or one JSON object a line.");
                    line.Append(buffer[i]);
                    continue;
                }

                yield return line.ToString();
                line.Clear();
                number++;
            }
        }

        if (line.Length > 0) yield return line.ToString();
    }

    private sealed record Source(string Folder, Func<IEnumerable<string>> Lines);
}
