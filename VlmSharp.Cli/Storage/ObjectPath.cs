using VlmSharp.Cli.Errors;

namespace VlmSharp.Cli.Storage;

/// <summary>An object in an S3-compatible store, or all objects whose keys start with a prefix: <c>s3://BUCKET/KEY</c>.</summary>
/// <param name="Bucket">The part between <c>s3://</c> and the next slash.</param>
/// <param name="Key">The key, without a leading slash; empty for the whole bucket.</param>
internal readonly record struct ObjectPath(string Bucket, string Key)
{
    private const string Scheme = "s3://";

    /// <summary>Whether a path on the command line or in a list names an object.</summary>
    public static bool IsOne(string path) => path.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether the path names all objects under it instead of one object.</summary>
    public bool IsPrefix => Key.Length == 0 || Key.EndsWith('/');

    /// <summary>Parses a path.</summary>
    /// <exception cref="UsageException">The path names no bucket.</exception>
    public static ObjectPath Parse(string path)
    {
        string[] parts = path[Scheme.Length..].Split('/', 2);
        return parts[0].Length > 0
            ? new ObjectPath(parts[0], parts.Length > 1 ? parts[1] : "")
            : throw new UsageException($"{path} names no bucket: give s3://BUCKET/KEY.");
    }

    /// <summary>Like <see cref="Path.Combine(string, string)"/>, but both paths may also name objects.</summary>
    /// <param name="folder">The base of a relative path.</param>
    /// <param name="path">The path. Under an object path, . and .. are resolved, up to the bucket, because keys have none.</param>
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

    /// <summary>An object under this one as a folder.</summary>
    public ObjectPath Below(string name) => this with { Key = (IsPrefix ? Key : Key + "/") + name };

    /// <summary>The folder of the object.</summary>
    public ObjectPath Parent => this with { Key = Key[..(Key.LastIndexOf('/') + 1)] };

    /// <summary>The path as text.</summary>
    public override string ToString() => $"{Scheme}{Bucket}/{Key}";
}
