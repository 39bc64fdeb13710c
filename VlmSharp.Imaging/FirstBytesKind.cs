namespace VlmSharp.Imaging;

/// <summary>What the first bytes of a file or a pipe are.</summary>
internal enum FirstBytesKind
{
    /// <summary>Text, such as a list of paths. What is empty counts as one.</summary>
    Text,

    /// <summary>A picture, of a format that is read or of one that is refused by name.</summary>
    Picture,

    /// <summary>A packed file.</summary>
    Archive,

    /// <summary>Bytes that no text has, of no known kind.</summary>
    Binary,
}
