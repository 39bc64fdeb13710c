using System.Text;

namespace VlmSharp.Server.Keys;

/// <summary>
/// Keys in a file, read again after a change, so that a key can be added or withdrawn while the server runs: within
/// <see cref="LookEvery"/> of the change. If the file cannot be read or is half written, the keys stay as they were and one warning is
/// given.
/// </summary>
internal sealed class KeyFile
{
    /// <summary>How often the file is checked while requests arrive.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    private const int MostBytes = 16 << 20;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    private readonly string path;
    private readonly KeyRing? more;
    private readonly Action<string> warn;
    private readonly TimeProvider clock;
    private readonly Lock gate = new();
    private volatile KeyRing ring;
    private Stamp stamp;
    private long looked;

    /// <summary>Reads the file.</summary>
    /// <param name="path">The file; see <see cref="KeyText"/>.</param>
    /// <param name="more">Keys from elsewhere, which are good too; or null.</param>
    /// <param name="warn">
    /// Gets warnings for whoever runs the server: a file that others can read, short keys, a change that cannot be used.
    /// </param>
    /// <param name="clock">The system's when null.</param>
    /// <exception cref="KeyFormatException">The file does not exist, cannot be read or has no key.</exception>
    public KeyFile(string path, KeyRing? more, Action<string> warn, TimeProvider? clock = null)
    {
        (this.path, this.more, this.warn, this.clock) = (path, more, warn, clock ?? TimeProvider.System);
        looked = this.clock.GetTimestamp();
        stamp = Stamp.Of(path);
        ring = Load();
    }

    /// <summary>The keys that are good now.</summary>
    public KeyRing Current
    {
        get
        {
            if (clock.GetElapsedTime(Volatile.Read(ref looked)) >= LookEvery) Look();
            return ring;
        }
    }

    private void Look()
    {
        if (!gate.TryEnter()) return; // another request looks
        try
        {
            Volatile.Write(ref looked, clock.GetTimestamp());
            Stamp now = Stamp.Of(path);
            if (now == stamp) return;
            stamp = now;
            ring = Load();
            warn($"The API keys were read again: {ring.Count} {(ring.Count == 1 ? "key" : "keys")}.");
        }
        catch (KeyFormatException e)
        {
            warn($"The API keys stay as they were: {e.Message}");
        }
        finally
        {
            gate.Exit();
        }
    }

    private KeyRing Load()
    {
        if (!OperatingSystem.IsWindows() && stamp.Exists && (stamp.Mode & Others) != 0)
            warn($"Other users of this machine can read or change the key file '{path}'; chmod 600 keeps them out.");
        var warnings = new List<string>();
        var loaded = KeyRing.Parse(ReadText(), $"The key file '{path}'", warnings);
        if (more is not null) loaded = loaded.With(more);
        warnings.ForEach(warn);
        return loaded;
    }

    private string ReadText()
    {
        try
        {
            // Read to the end, not to its length, so that it may be a pipe: <(decrypt keys).
            using FileStream file = File.OpenRead(path);
            var bytes = new MemoryStream();
            byte[] piece = new byte[4096];
            while (file.Read(piece) is var read and > 0)
            {
                bytes.Write(piece, 0, read);
                if (bytes.Length > MostBytes) throw new KeyFormatException($"The key file '{path}' has more than {MostBytes} bytes.");
            }
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KeyFormatException($"The key file '{path}' does not exist.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new KeyFormatException($"The key file '{path}' cannot be read.", e);
        }
        catch (ArgumentException e)
        {
            throw new KeyFormatException($"The key file '{path}' is not UTF-8 text.", e);
        }
    }

    /// <summary>
    /// Identifies a version of the file. A file that is replaced, as editors and Kubernetes do, is another file under the same name.
    /// </summary>
    private readonly record struct Stamp(bool Exists, DateTime Written, long Length, UnixFileMode Mode)
    {
        public static Stamp Of(string path)
        {
            try
            {
                // Check the link's target: a mounted secret is a link to a link, and the inner one changes.
                FileSystemInfo file = File.ResolveLinkTarget(path, returnFinalTarget: true) ?? new FileInfo(path);
                return file is FileInfo { Exists: true } found
                    ? new Stamp(true, found.LastWriteTimeUtc, found.Length, OperatingSystem.IsWindows() ? default : found.UnixFileMode)
                    : default;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                return default;
            }
        }
    }
}
