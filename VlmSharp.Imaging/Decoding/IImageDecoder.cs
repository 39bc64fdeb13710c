namespace VlmSharp.Imaging.Decoding;

/// <summary>Reads one picture format.</summary>
internal interface IImageDecoder
{
    /// <summary>The format's name as users write it, e.g. <c>PNG</c>.</summary>
    string Format { get; }

    /// <summary>Whether a file that begins with these bytes is of this format.</summary>
    /// <param name="header">The beginning of the file, or all of it.</param>
    /// <returns>True when this decoder should read it.</returns>
    bool Recognizes(ReadOnlySpan<byte> header);

    /// <summary>
    /// Decodes the picture (of an animation, the first frame). Alpha is dropped and nothing is blended, unless the settings name a
    /// background.
    /// </summary>
    /// <param name="file">The whole file.</param>
    /// <param name="context">Limits and settings, and the errors to throw.</param>
    /// <param name="sink">Receives the rows.</param>
    /// <exception cref="ImageFormatException">The file is damaged, unsupported or over a limit.</exception>
    void Decode(ReadOnlySpan<byte> file, DecodeContext context, IRowSink sink);
}
