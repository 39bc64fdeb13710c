namespace VlmSharp.Imaging;

/// <summary>Reads whole files of unknown content: never more than a limit, and with one kind of error.</summary>
internal static class BoundedFile
{
    /// <summary>The bytes of a file.</summary>
    /// <param name="path">A path as the user gave it; a folder is refused.</param>
    /// <param name="most">The most bytes it may have.</param>
    /// <param name="error">Makes the caller's exception from the end of a sentence that begins with the path.</param>
    /// <param name="ofPipe">Reads a pipe, whose bytes come once and in order; null if only a regular file will do.</param>
    /// <returns>All its bytes, at most <paramref name="most"/>.</returns>
    public static byte[] Read(
        string path, long most, Func<string, Exception, VlmSharpException> error, Func<Stream, byte[]>? ofPipe = null)
    {
        long? length = null;
        try
        {
            if (Directory.Exists(path)) throw new IOException("it is a folder");
            using FileStream stream = File.OpenRead(path);
            // The open file is asked, because the length of a symbolic link is that of the link itself.
            if (!stream.CanSeek) return ofPipe is null ? throw new IOException("it is not a regular file") : ofPipe(stream);
            most = Math.Min(most, Array.MaxLength); // what one array can hold, whatever the caller allows
            length = stream.Length;
            if (length > most) throw new TooLong($"it has {length} bytes, over the limit of {most}");
            // A device such as /dev/zero states a length of 0 and never ends.
            if (length == 0 && stream.ReadByte() >= 0) throw new IOException("it is a device and no regular file");
            byte[] bytes = new byte[length.Value];
            stream.ReadExactly(bytes);
            return WrongDownload.WhatIs(bytes) is { } what ? throw new WrongFile(what) : bytes;
        }
        catch (WrongFile e)
        {
            throw error(e.Message, e);
        }
        catch (OutOfMemoryException e)
        {
            throw error(NoRoom(length), e);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw error(WrongDownload.DeadLink(path) ?? (LostName.Is(path) ? LostName.Advice : "does not exist"), e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw error($"cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The words for a file for which memory ran out: the end of a sentence that begins with its name.</summary>
    /// <param name="length">Its bytes; null where they are not known.</param>
    public static string NoRoom(long? length) =>
        $"{(length is { } bytes ? $"has {bytes} bytes, which do" : "does")} not fit in the memory that this process may have";

    /// <summary>The file is something else, such as a git-lfs pointer.</summary>
    public sealed class WrongFile(string what) : Exception(what);

    /// <summary>The file is over the limit.</summary>
    public sealed class TooLong(string what) : IOException(what);
}
