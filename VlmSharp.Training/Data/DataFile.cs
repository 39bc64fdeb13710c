using Microsoft.Win32.SafeHandles;
using VlmSharp.Imaging;

namespace VlmSharp.Training.Data;

/// <summary>Opens and reads data files, with one kind of error.</summary>
internal static class DataFile
{
    private const int PointerBytes = 64;

    /// <summary>Opens a file to be read from anywhere in it.</summary>
    /// <exception cref="TrainingDataException">It cannot be, or it is a git-lfs pointer.</exception>
    public static SafeFileHandle Open(string path)
    {
        SafeFileHandle handle = Try(path, () =>
        {
            if (Directory.Exists(path)) throw new IOException("it is a folder");
            RegularFile.Require(path);
            return File.OpenHandle(path);
        });
        try
        {
            Span<byte> begin = stackalloc byte[PointerBytes];
            begin = begin[..Read(handle, begin, 0, path)];
            return WrongDownload.Pointer(begin) is { } pointer ? throw new TrainingDataException($"{path} {pointer}.") : handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Reads as much as comes at once.</summary>
    /// <exception cref="TrainingDataException">It cannot be read.</exception>
    public static int Read(SafeFileHandle handle, Span<byte> buffer, long offset, string path)
    {
        try
        {
            return RandomAccess.Read(handle, buffer, offset);
        }
        catch (Exception e) when (IsExpected(e))
        {
            throw Unreadable(path, e);
        }
    }

    /// <summary>The bytes of a whole file, up to a limit.</summary>
    /// <exception cref="TrainingDataException">The file cannot be read, or is larger.</exception>
    public static byte[] ReadAll(string path, int most)
    {
        using SafeFileHandle handle = Open(path);
        long length = RandomAccess.GetLength(handle);
        if (length > most)
            throw new TrainingDataException($"{path} has {length} bytes, over the limit of {most}: split it, or make JSONL of it with "
                + "'vlmsharp data convert' on a smaller part.");
        var bytes = new byte[length];
        int have = 0;
        while (have < bytes.Length && Read(handle, bytes.AsSpan(have), have, path) is var read and > 0) have += read;
        return have == bytes.Length ? bytes : throw new TrainingDataException($"{path} became shorter while it was read: try again.");
    }

    /// <summary>Runs code that uses the file system and turns its errors into data errors.</summary>
    /// <exception cref="TrainingDataException">It failed.</exception>
    public static T Try<T>(string path, Func<T> use)
    {
        try
        {
            return use();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new TrainingDataException($"{path} does not exist: give a data file, or a folder of pictures.", e);
        }
        catch (Exception e) when (IsExpected(e))
        {
            throw Unreadable(path, e);
        }
    }

    private static bool IsExpected(Exception e) =>
        e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException;

    private static TrainingDataException Unreadable(string path, Exception e) =>
        new($"{path} cannot be read: {MessageText.Sentence(e.Message.TrimEnd('.'))}.", e);
}
