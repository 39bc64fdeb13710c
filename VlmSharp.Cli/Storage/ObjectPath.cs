using VlmSharp.Cli.Errors;

namespace VlmSharp.Cli.Storage;

/// <summary>The name of an object in an S3-compatible store, or of all objects whose keys begin so: <c>s3://BUCKET/KEY</c>.</summary>
/// <param name="Bucket">The bucket.</param>
/// <param name="Key">The key, not beginning with a slash; empty for the whole bucket.</param>
internal readonly record struct ObjectPath(string Bucket, string Key)
{
    private const string Scheme = "s3://";

    /// <summary>Whether a path on the command line or in a list names an object.</summary>
    public static bool IsOne(string path) => path.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether it names all objects below it, and not one.</summary>
    public bool IsPrefix => Key.Length == 0 || Key.EndsWith('/');

    /// <summary>Reads a path.</summary>
    /// <exception cref="UsageException">It names no bucket.</exception>
    public static ObjectPath Parse(string path)
    {
        string[] parts = path[Scheme.Length..].Split('/', 2);
        return parts[0].Length > 0 ? new ObjectPath(parts[0], parts.Length > 1 ? parts[1] : "") : throw new UsageException($"{path} names no bucket: give s3://BUCKET/KEY.");
    }

    /// <summary>As <see cref="Path.Combine(string, string)"/>, where each of both may be an object's path too.</summary>
    /// <param name="folder">What a relative path is relative to.</param>
    /// <param name="path">The path; below an object's it may have . and .., which keys have not, up to the bucket.</param>
    public static string Combine(string folder, string path)
    {
        if (IsOne(path) || !IsOne(folder) || Path.IsPathRooted(path)) return IsOne(path) ? path : Path.Combine(folder, path);
        ObjectPath parent = Parse(folder).Below("");
        string[] segments = path.Split('/');
        if (!segments.Any(s => s is "." or "..")) return (parent with { Key = parent.Key + path }).ToString();
        var key = new List<string>(parent.Key.Split('/')[..^1]);
        foreach (string segment in segments)
        {
            if (segment != ".." && segment != ".") key.Add(segment);
            else if (segment == ".." && key.Count > 0) key.RemoveAt(key.Count - 1);
        }

        return (parent with { Key = string.Join('/', key) }).ToString();
    }

    /// <summary>An object below this one, taken as a folder.</summary>
    public ObjectPath Below(string name) => this with { Key = (IsPrefix ? Key : Key + "/") + name };

    /// <summary>The folder that it lies in.</summary>
    public ObjectPath Parent => this with { Key = Key[..(Key.LastIndexOf('/') + 1)] };

    /// <summary>As it is written.</summary>
    public override string ToString() => $"{Scheme}{Bucket}/{Key}";
}
