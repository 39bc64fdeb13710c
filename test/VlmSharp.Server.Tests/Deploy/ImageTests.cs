using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using VlmSharp.Conformance;

namespace VlmSharp.Server.Tests.Deploy;

/// <summary>
/// Does what the Dockerfile does, without Docker: runs its publish command on the files that it copies, then runs its start command and
/// health check as its user, on a read-only root file system that is assembled from this machine's.
/// </summary>
public sealed class ImageTests : IDisposable
{
    private const string Key = "test:0123456789abcdef0123456789abcdef";

    /// <summary>
    /// Assembles the root file system in its own mount namespace and runs a command in it. Not even /tmp can be written to.
    /// </summary>
    private const string Sandbox = """
        set -e
        root=$1 app=$2 key=$3 dotnet=$4 user=$5 group=$6
        shift 6
        mount -t tmpfs -o mode=755 tmpfs "$root"
        cd "$root"
        mkdir -p usr etc proc dev tmp app models dotnet run/secrets
        chmod 1777 tmp
        for name in bin sbin lib lib64; do
            if [ -L "/$name" ]; then
                cp -P "/$name" .
            elif [ -d "/$name" ]; then
                mkdir "$name"; mount --bind -o ro "/$name" "$name"; mount -o remount,bind,ro "$name"
            fi
        done
        for name in usr etc; do mount --bind "/$name" "$name"; mount -o remount,bind,ro "$name"; done
        mount --bind "$dotnet" dotnet; mount -o remount,bind,ro dotnet
        mount --bind "$app" app; mount -o remount,bind,ro app
        mount --rbind /proc proc
        for name in null zero random urandom; do touch "dev/$name"; mount --bind "/dev/$name" "dev/$name"; done
        cp "$key" run/secrets/api-keys; chown "$user:$group" run/secrets/api-keys; chmod 400 run/secrets/api-keys
        mount -o remount,ro "$root"
        exec chroot "$root" setpriv --reuid="$user" --regid="$group" --clear-groups \
            --no-new-privs --bounding-set=-all --inh-caps=-all -- env -i PATH=/dotnet:/usr/bin:/bin "$@"
        """;

    private readonly string folder = Path.Combine(Path.GetTempPath(), $"vlmsharp-image-{Guid.NewGuid():N}");

    private static Dockerfile.Stage Image => Dockerfile.Stages["cpu"];

    public void Dispose()
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Both_images_start_the_same_program_as_the_same_user()
    {
        Dockerfile.Stage cuda = Dockerfile.Stages["cuda"];
        Assert.Equal((Image.User, Image.Port), (cuda.User, cuda.Port));
        Assert.Equal(Image.Entrypoint, cuda.Entrypoint);
        Assert.Equal(Image.HealthCheck, cuda.HealthCheck);
        Assert.Equal("cpu", Dockerfile.Stages.Keys.Last()); // docker build makes the last stage when there is no --target
        Assert.Matches("^[1-9][0-9]*:[1-9][0-9]*$", Image.User); // a number, so that Kubernetes sees that it is not root
        Assert.All(Dockerfile.Stages.Values, stage => Assert.Matches("^mcr\\.microsoft\\.com/dotnet/(sdk|aspnet):10\\.0", stage.From));
    }

    [ToolFact("root", "unshare", "setpriv", "bash")]
    public async Task The_image_answers_as_its_user_on_a_read_only_root()
    {
        await PublishAsync();
        await File.WriteAllTextAsync(Path.Combine(folder, "api-keys"), Key);
        Directory.CreateDirectory(Path.Combine(folder, "root"));
        int port = FreePort();
        (int _, string said, string _) =
            await RunAsync(port, "sh", "-c", "id -u; touch /x /tmp/x /app/x /models/x; cat /run/secrets/api-keys");
        Assert.Equal(Image.User.Split(':')[0] + "\n" + Key, said);
        foreach (string path in new[] { "x", "tmp/x", "app/x", "models/x" }) Assert.False(File.Exists(Path.Combine(folder, path)));
        Assert.Equal(1, (await RunAsync(port, Image.HealthCheck)).Code); // the server does not answer yet

        using Process serve = Start(port, Image.Entrypoint);
        Task<string> errors = serve.StandardError.ReadToEndAsync();
        try
        {
            string? line = await serve.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(2));
            Assert.True(line == $"listening on http://0.0.0.0:{port}", line ?? await errors);
            await AskAsync(new Uri($"http://127.0.0.1:{port}"));
            (int code, string health, string problem) = await RunAsync(port, Image.HealthCheck);
            Assert.True(code == 0, health + problem);
            await Tool.RunAsync("sh", ["-c", $"kill -TERM {serve.Id}"]);
            await serve.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
            Assert.Equal(0, serve.ExitCode);
        }
        finally
        {
            if (!serve.HasExited) serve.Kill();
        }
    }

    private static async Task AskAsync(Uri server)
    {
        using var client = new HttpClient { BaseAddress = server };
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health/ready")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/v1/models")).StatusCode);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key.Split(':')[1]);
        using var form = new MultipartFormDataContent
        {
            {
                new ByteArrayContent(await File.ReadAllBytesAsync(Path.Combine(GoldenFiles.DemoModel, "..", "samples", "cake.png"))),
                "image",
                "cake.png"
            }
        };
        using HttpResponseMessage answer = await client.PostAsync("/v1/caption", form);
        Assert.Equal("a cake", JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["text"]?.GetValue<string>());
    }

    /// <summary>Runs the publish command of the build stage on a copy of the files that the stage copies.</summary>
    private async Task PublishAsync()
    {
        string source = Path.Combine(folder, "source"), app = Path.Combine(folder, "app");
        string[] ignored = await File.ReadAllLinesAsync(DeployFiles.Of(".dockerignore"));
        Copy(GoldenFiles.Root, source, ignored, isTop: true);
        string[] words = Assert.Single(Dockerfile.Stages["build"].Runs).Split(' ');
        Assert.Equal(["dotnet", "publish"], words[..2]);
        Assert.Equal(["-o", "/app"], words[^2..]);
        // No build server may stay behind and hold the output streams open.
        KeyValuePair<string, string>[] environment =
            [new("MSBUILDDISABLENODEREUSE", "1"), new("UseSharedCompilation", "false"), new("DOTNET_CLI_TELEMETRY_OPTOUT", "1")];
        (int code, string output, string errors) = await Tool.RunAsync("dotnet", [.. words[1..^1], app], source, environment);
        Assert.True(code == 0, output + errors);
        Directory.Delete(source, recursive: true);
    }

    private static void Copy(string from, string to, string[] ignored, bool isTop)
    {
        Directory.CreateDirectory(to);
        foreach (FileSystemInfo entry in new DirectoryInfo(from).EnumerateFileSystemInfos())
        {
            if (ignored.Contains($"**/{entry.Name}") || (isTop && ignored.Contains(entry.Name))) continue;
            string target = Path.Combine(to, entry.Name);
            if (entry is FileInfo file) file.CopyTo(target);
            else Copy(entry.FullName, target, ignored, isTop: false);
        }
    }

    private Process Start(int port, params string[] command)
    {
        string dotnet = Path.GetDirectoryName(Path.GetFullPath(
            new FileInfo(Tool.Find("dotnet")!).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? Tool.Find("dotnet")!))!;
        // What docker run -e would set: the keys, and a port that is free on this machine.
        var environment = new Dictionary<string, string>(Image.Environment)
        {
            ["VLMSHARP_API_KEY_FILE"] = "/run/secrets/api-keys",
            ["VLMSHARP_PORT"] = $"{port}"
        };
        string[] user = Image.User.Split(':');
        return Tool.Start("unshare",
        [
            "--mount", "--propagation", "private", "bash", "-c", Sandbox, "sandbox", Path.Combine(folder, "root"),
            Path.Combine(folder, "app"), Path.Combine(folder, "api-keys"), dotnet, .. user,
            .. environment.Select(pair => $"{pair.Key}={pair.Value}"), .. command,
        ]);
    }

    private async Task<(int Code, string Output, string Errors)> RunAsync(int port, params string[] command)
    {
        using Process process = Start(port, command);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
