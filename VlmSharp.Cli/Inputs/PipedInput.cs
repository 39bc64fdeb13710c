using System.Text;
using VlmSharp.Cli.Errors;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Inputs;

/// <summary>
/// Input that can be read only once (standard input or a named pipe): a picture, or a list of pictures. The first bytes decide which.
/// </summary>
/// <param name="open">Opens the input; called when the first byte is needed.</param>
/// <param name="name">Its name in messages.</param>
/// <param name="encoding">The encoding of its text, unless a byte order mark says otherwise.</param>
internal sealed class PipedInput(Func<Stream> open, string name, Encoding? encoding = null)
{
    private readonly Lock gate = new(); // pictures are read on several threads
    private byte[]? head, picture;
    private Stream? stream;
    private bool isTaken;
    private ImageFormatException? fault;

    /// <summary>Standard input. Tests replace it.</summary>
    public static PipedInput Standard { get; set; } = new(StandardInput.Open, "standard input", Console.InputEncoding);

    /// <summary>Its name in messages, at the beginning of a sentence.</summary>
    public string Name => Capital(name);

    /// <summary>Whether the input is a picture, in a supported format or in one that the error message will name.</summary>
    public bool IsPicture => FirstBytes.KindOf(Head()) == FirstBytesKind.Picture;

    /// <summary>The picture, whole; it may be asked for again.</summary>
    /// <param name="options">Limits and settings; the defaults when null.</param>
    /// <exception cref="ImageFormatException">The picture cannot be read.</exception>
    /// <exception cref="UsageException">The input was already read as a list.</exception>
    public RgbImage Picture(ImageOptions? options) => ImageFile.Decode(Bytes(), Name, options);

    /// <summary>The picture, resized while it is decoded.</summary>
    /// <param name="side">Columns and rows of the result.</param>
    /// <param name="options">Limits and settings; the defaults when null.</param>
    /// <exception cref="ImageFormatException">The picture cannot be read.</exception>
    /// <exception cref="UsageException">The input was already read as a list.</exception>
    public ResizedImage Picture(int side, ImageOptions? options) =>
        ImageFile.DecodeResized(Bytes(), side, side, Name, options);

    /// <summary>The bytes of the picture's file.</summary>
    /// <exception cref="ImageFormatException">The bytes do not come to an end, or do not fit in memory.</exception>
    public byte[] Bytes()
    {
        lock (gate)
        {
            if (fault is not null) throw fault;
            if (picture is null)
            {
                if (isTaken) throw new UsageException($"{Name} is a list, which was read already: it can be no picture as well.");
                try
                {
                    picture = ImageFile.ReadAll(Rest(), Name, ImageOptions.Default);
                }
                catch (ImageFormatException e)
                {
                    fault = e; // the bytes are gone: a second attempt has the same result
                    throw;
                }
            }

            return picture;
        }
    }

    /// <summary>The input as text; only the first caller gets it.</summary>
    /// <exception cref="UsageException">The input is not text, or was already read.</exception>
    public TextReader Text()
    {
        lock (gate)
        {
            RequireText(Head(), Name);
            if (isTaken) throw new UsageException($"{Name} is named twice, and can be read once.");
            return new StreamReader(Rest(), encoding ?? Encoding.UTF8, detectEncodingFromByteOrderMarks: true);
        }
    }

    /// <summary>Throws if the input cannot be a list of paths: lines of binary bytes would be meaningless.</summary>
    /// <param name="head">The first bytes.</param>
    /// <param name="name">Its name in messages.</param>
    /// <exception cref="UsageException">The input is not text.</exception>
    public static void RequireText(ReadOnlySpan<byte> head, string name)
    {
        if (WrongDownload.WhatIs(head) is { } wrong) throw new UsageException($"{name} {wrong}.");
        switch (FirstBytes.KindOf(head))
        {
            case FirstBytesKind.Archive:
                throw new UsageException(
                    $"{name} is packed ({FirstBytes.ArchiveOf(head)}): unpack it, for instance with 'zcat FILE | vlmsharp ... -', and "
                    + "give the list or the picture that is in it.");
            case FirstBytesKind.Binary:
                throw new UsageException($"{name} is neither a picture of a known format nor a list: it has bytes in it that no text has.");
            case FirstBytesKind.Picture:
                throw new UsageException($"{name} is a picture, and a list of text is read here.");
            default:
                return;
        }
    }

    private byte[] Head()
    {
        lock (gate)
        {
            if (head is not null) return head;
            stream = open();
            byte[] bytes = new byte[FirstBytes.Enough];
            int count = 0;
            while (FirstBytes.NeedsMore(bytes.AsSpan(0, count))
                && stream.Read(bytes, count, bytes.Length - count) is var read and > 0) count += read;
            return head = bytes[..count];
        }
    }

    private ReplayedStream Rest()
    {
        byte[] first = Head();
        isTaken = true;
        return new ReplayedStream(first, stream!);
    }

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
