using System.IO.Enumeration;
using System.Security.Cryptography;
using System.Text;
using VlmSharp.Cli.Storage;

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

    /// <summary>
    /// SHA-256 of all lines, in hexadecimal: two lists with the same one are the same work. Of a folder's pictures the sizes
    /// count too: two cameras both have a 0001.jpg. Where the folder lies does not, so that machines may have it in different places.
    /// </summary>
    public string Fingerprint { get; }

    /// <summary>Whether any line is an object, which may say by itself what to do.</summary>
    public bool HasObjects { get; private set; }

    /// <summary>Looks at all inputs once.</summary>
    /// <param name="inputs">Folders, manifests, pictures, - for standard input.</param>
    /// <param name="standardInput">Standard input, read to its end when asked for.</param>
    /// <exception cref="IOException">An input is not there or cannot be read.</exception>
    public WorkList(IReadOnlyList<string> inputs, TextReader standardInput)
    {
        foreach (string input in inputs) sources.Add(Open(input, standardInput));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (line, source) in Lines())
        {
            hash.AppendData(Encoding.UTF8.GetBytes(source.SizeOf is { } sizeOf ? $"{line}\n{sizeOf(line)}\n" : $"{line}\n"));
            HasObjects |= !source.ArePictures && WorkItem.IsObject(line);
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
        foreach (var (line, source) in Lines())
        {
            if (index >= first && (index - first) % step == 0) yield return source.ArePictures ? WorkItem.Picture(line, index, source.Folder) : WorkItem.Parse(line, index, source.Folder);
            index++;
        }
    }

    private IEnumerable<(string Line, Source Source)> Lines()
    {
        foreach (Source source in sources)
            foreach (string line in source.Lines())
                if ((source.ArePictures ? line : line.Trim()) is { Length: > 0 } item) yield return (item, source);
    }

    private static Source Open(string input, TextReader standardInput)
    {
        if (input == "-")
        {
            var lines = ReadLines(standardInput, "standard input").ToList(); // it can be read only once
            return new Source("", () => lines);
        }

        if (ObjectPath.IsOne(input)) return OpenStored(ObjectPath.Parse(input));
        if (Directory.Exists(input))
        {
            string[] files = [.. Pictures(input).Order(StringComparer.Ordinal)];
            return files.Length > 0 ? new Source(input, () => files) { ArePictures = true, SizeOf = file => SizeOf(Path.Combine(input, file)) } : throw NoPictures(input);
        }

        if (!File.Exists(input)) throw new IOException($"{input} does not exist; give a folder, a manifest, a picture, s3://BUCKET/KEY, or - for standard input.");
        return IsPicture(input) ? new Source("", () => [input]) { ArePictures = true } : new Source(Path.GetDirectoryName(input) ?? "", () => ReadFile(input));
    }

    /// <summary>As a folder is opened, a manifest or a picture: what ends with a slash is a folder.</summary>
    private static Source OpenStored(ObjectPath path)
    {
        string name = path.ToString();
        if (!path.IsPrefix)
            return IsPicture(path.Key) ? new Source("", () => [name]) { ArePictures = true } : new Source(path.Parent.ToString(), () => ReadStored(path));
        Dictionary<string, long> sizes = ObjectStore.Shared.List(path).Where(o => IsPicture(o.Key)).ToDictionary(o => o.Key[path.Key.Length..], o => o.Bytes);
        string[] files = [.. sizes.Keys.Order(StringComparer.Ordinal)];
        return files.Length > 0 ? new Source(name, () => files) { ArePictures = true, SizeOf = file => sizes[file] } : throw NoPictures(name);
    }

    private static IOException NoPictures(string folder) => new($"{folder} has no pictures ({string.Join(' ', PictureExtensions)}).");

    /// <summary>A folder's pictures and those of its folders, relative to it. Links to folders are not followed: they may lead in circles.</summary>
    private static FileSystemEnumerable<string> Pictures(string folder) =>
        new(folder, (ref FileSystemEntry entry) => Path.GetRelativePath(folder, entry.ToFullPath()).Replace(Path.DirectorySeparatorChar, '/'),
            new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = false, AttributesToSkip = 0 })
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory && IsPicture(entry.FileName.ToString()),
            ShouldRecursePredicate = (ref FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) == 0,
        };

    /// <summary>A file's bytes, of a link those of its target; -1 where that is missing, which its record will say.</summary>
    private static long SizeOf(string file)
    {
        try
        {
            FileInfo info = new(file), target = info.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? info;
            return target.Exists ? target.Length : -1;
        }
        catch (IOException)
        {
            return -1; // a link to itself
        }
    }

    private static bool IsPicture(string file) => PictureExtensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<string> ReadFile(string file)
    {
        using StreamReader reader = File.OpenText(file);
        foreach (string line in ReadLines(reader, file)) yield return line;
    }

    private static IEnumerable<string> ReadStored(ObjectPath path)
    {
        using var reader = new StreamReader(ObjectStore.Shared.OpenRead(path));
        foreach (string line in ReadLines(reader, path.ToString())) yield return line;
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

    private sealed record Source(string Folder, Func<IEnumerable<string>> Lines)
    {
        /// <summary>Whether its lines are pictures' names as they are; else they may be objects, or have blanks around them.</summary>
        public bool ArePictures { get; init; }

        /// <summary>The bytes of a folder's picture; null of what is no folder.</summary>
        public Func<string, long>? SizeOf { get; init; }
    }
}
