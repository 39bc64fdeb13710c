using System.Buffers.Binary;
using System.IO.Enumeration;
using System.Security.Cryptography;
using System.Text;
using VlmSharp.Cli.Inputs;
using VlmSharp.Cli.Storage;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Batch;

/// <summary>Determines the kind of each input of a work list. If a file may be a picture or a list, its first bytes decide.</summary>
/// <param name="standard">Standard input.</param>
/// <param name="skipped">Counts files of folders that are not pictures.</param>
internal sealed class WorkSources(PipedInput standard, SkippedFiles skipped)
{
    /// <summary>Characters in a line; a longer one is an error, since a list of paths has no such lines.</summary>
    private const int MaxLine = 1 << 20;

    /// <summary>Opens an input.</summary>
    /// <param name="input">A folder, a manifest, a picture, an object or a prefix of a store, or - for standard input.</param>
    /// <exception cref="IOException">The input does not exist or cannot be read.</exception>
    public WorkSource Open(string input)
    {
        if (input == PictureInput.Standard) return OpenPipe(standard, "standard input", input);
        if (ObjectPath.IsOne(input)) return OpenStored(ObjectPath.Parse(input));
        if (Directory.Exists(input)) return OpenFolder(input);
        if (!File.Exists(input))
            throw new IOException(LostName.Is(input)
                ? $"{input} {LostName.Advice}."
                : $"{input} does not exist; give a folder, a manifest, a picture, s3://BUCKET/KEY, or - for standard input.");
        return PictureNames.IsPicture(input) ? WorkSource.Picture(input) : OpenFile(input);
    }

    /// <summary>A file whose name is not that of a picture: its content may be a list or a picture.</summary>
    private static WorkSource OpenFile(string path)
    {
        FileStream stream = File.OpenRead(path);
        if (!stream.CanSeek) return OpenPipe(new PipedInput(() => stream, path), path, path);
        using (stream)
        {
            byte[] head = new byte[FirstBytes.Enough];
            head = head[..stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
            if (FirstBytes.KindOf(head) == FirstBytesKind.Picture) return WorkSource.Picture(path);
            PipedInput.RequireText(head, path);
        }

        return new WorkSource(Path.GetDirectoryName(path) ?? "", () => ReadFile(path));
    }

    /// <summary>An input that can be read only once: its list, or its picture file, is kept in memory.</summary>
    private static WorkSource OpenPipe(PipedInput pipe, string name, string id)
    {
        if (pipe.IsPicture)
        {
            long digest = DigestOf(pipe);
            return WorkSource.Picture(id) with { SizeOf = _ => digest, Given = pipe };
        }

        using TextReader reader = pipe.Text();
        var lines = ReadLines(reader, name).ToList();
        return new WorkSource("", () => lines);
    }

    // 0 for a picture that cannot be read: its record says so.
    private static long DigestOf(PipedInput picture)
    {
        try
        {
            return BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(picture.Bytes()));
        }
        catch (ImageFormatException)
        {
            return 0;
        }
    }

    private WorkSource OpenFolder(string folder)
    {
        var files = new List<(string, long)>();
        foreach (string file in Files(folder))
            if (skipped.IsTried(file, folder, out long size)) files.Add((file, size));
        return Pictures(folder, files);
    }

    /// <summary>The pictures of a folder or a prefix, in the order of their names.</summary>
    private WorkSource Pictures(string folder, List<(string Name, long Bytes)> files)
    {
        if (files.Count == 0) throw NoPictures(folder);
        string[] names = [.. files.Select(file => file.Name)];
        long[] sizes = [.. files.Select(file => file.Bytes)];
        Array.Sort(names, sizes, StringComparer.Ordinal);
        return new WorkSource(folder, () => names)
        {
            ArePictures = true,
            SizeOf = name => sizes[Array.BinarySearch(names, name, StringComparer.Ordinal)],
        };
    }

    /// <summary>Like a folder, a manifest or a picture; a path that ends with a slash is a folder.</summary>
    private WorkSource OpenStored(ObjectPath path)
    {
        string name = path.ToString();
        if (!path.IsPrefix) return PictureNames.IsPicture(path.Key) ? WorkSource.Picture(name) : OpenObject(path);
        return Pictures(name, [.. ObjectStore.Shared.List(path)
            .Select(o => (Name: o.Key[path.Key.Length..], o.Bytes)).Where(o => skipped.IsTried(o.Name))]);
    }

    private static WorkSource OpenObject(ObjectPath path)
    {
        string name = path.ToString();
        byte[] head = ObjectStore.Shared.ReadRange(path, 0, FirstBytes.Enough, null, default).Bytes;
        if (FirstBytes.KindOf(head) == FirstBytesKind.Picture) return WorkSource.Picture(name);
        PipedInput.RequireText(head, name);
        return new WorkSource(path.Parent.ToString(), () => ReadStored(path));
    }

    private IOException NoPictures(string folder)
    {
        string has = skipped.Counts.Count > 0 ? $"; it has {SkippedFiles.TextOf(skipped.Counts)}" : "";
        return new IOException($"{folder} has no pictures that can be read ({string.Join(' ', PictureNames.Extensions)}){has}.");
    }

    /// <summary>
    /// The files in a folder and its subfolders, relative to it. Links to folders are not followed, because they may form cycles.
    /// </summary>
    private static FileSystemEnumerable<string> Files(string folder) =>
        new(folder, (ref FileSystemEntry entry) =>
            Path.GetRelativePath(folder, entry.ToFullPath()).Replace(Path.DirectorySeparatorChar, '/'),
            new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = false, AttributesToSkip = 0 })
        {
            // A folder whose name is lost cannot be entered; it is counted in place of its files.
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory || LostName.Is(entry.ToFullPath()),
            ShouldRecursePredicate = (ref FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) == 0,
        };

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

    /// <summary>Like <see cref="TextReader.ReadLine"/>, but with at most <see cref="MaxLine"/> characters.</summary>
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
                    if (line.Length == MaxLine) throw new IOException($"{name}: line {number} is longer than {MaxLine} characters; give "
                        + "one path or one JSON object a line.");
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
}
