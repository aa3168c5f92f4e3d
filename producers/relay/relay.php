<?php
// Relai outbox Nadi untuk cron: php relay.php [/jalur/.env]. PHP 7.2 ke atas, MySQL 5.7 ke atas, tanpa Composer.
// Baris ditandai terkirim hanya setelah ada tanda terima; bila terputus, baris dikirim lagi dan gerbang mengenali id-nya.
error_reporting(E_ALL);
set_error_handler(function ($jenis, $pesan) { throw new ErrorException($pesan); });
set_exception_handler(function ($e) { fwrite(STDERR, 'Gagal: ' . $e->getMessage() . "\n"); exit(1); });
$env = array('NADI_OUTBOX_TABLE' => 'outboxevent', 'NADI_SIGNING_KEY' => '');
foreach (file(isset($argv[1]) ? $argv[1] : __DIR__ . '/.env', FILE_IGNORE_NEW_LINES) as $baris) {
    if (preg_match('/^\s*(?:export\s+)?(NADI_\w+)\s*=\s*(["\']?)(.*?)\2\s*$/', $baris, $m)) $env[$m[1]] = $m[3];
}
foreach (array('NADI_URL', 'NADI_KEY', 'NADI_SOURCE', 'NADI_OUTBOX') as $nama) {
    if (empty($env[$nama])) throw new Exception("$nama belum diisi di .env");
}
$tabel = $env['NADI_OUTBOX_TABLE'];
if (!preg_match('/^\w+(\.\w+)?$/', $tabel)) throw new Exception("NADI_OUTBOX_TABLE = $tabel bukan nama tabel");
$sumber = $env['NADI_SOURCE'] . (substr($env['NADI_SOURCE'], -1) === '/' ? 'outbox' : '');
$u = (array) parse_url($env['NADI_OUTBOX']) + array('scheme' => '', 'host' => 'localhost', 'port' => 3306, 'user' => '', 'pass' => '', 'query' => '');
if (empty($u['path']) || !preg_match('/^(mysql|mariadb)\b/', (string) $u['scheme'])) throw new Exception('NADI_OUTBOX harus mysql://nama:sandi@server:3306/basisdata');
parse_str($u['query'], $q);
$tempat = isset($q['unix_socket']) ? 'unix_socket=' . $q['unix_socket'] : "host={$u['host']};port={$u['port']}";
$db = new PDO("mysql:$tempat;dbname=" . trim($u['path'], '/') . ';charset=utf8mb4', rawurldecode($u['user']), rawurldecode($u['pass']),
    array(PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION));
$db->exec("SET time_zone = '+00:00'");
$db->exec('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
$kunci = 'nadi_relay_' . md5($db->query('SELECT DATABASE()')->fetchColumn() . '.' . $tabel);
if ($db->query('SELECT GET_LOCK(' . $db->quote($kunci) . ', 0)')->fetchColumn() != 1) exit(0); // relai lain masih berjalan
$tandai = $db->prepare("UPDATE $tabel SET sent_at = CURRENT_TIMESTAMP(3), attempts = attempts + 1 WHERE seq = ? AND sent_at IS NULL");
$sisihkan = $db->prepare("UPDATE $tabel SET last_error = ?, attempts = attempts + 1 WHERE seq = ? AND sent_at IS NULL");
$terkirim = $ditolak = 0; $jeda = 1; $muat = 200; $sampai = time() + 240; $sebab = '';
function keterangan($status, $p) { // satu baris dari application/problem+json
    $teks = $status . ' ' . (isset($p['title']) ? $p['title'] : 'gerbang menjawab tanpa keterangan') . (isset($p['detail']) ? ' | ' . $p['detail'] : '');
    foreach (isset($p['errors']) ? $p['errors'] : array() as $e) $teks .= " | {$e['pointer']}: {$e['detail']}";
    return $teks;
}
function potong($teks) { preg_match('/^.{0,900}/us', $teks, $m); return $m[0]; }
function kirim($alamat, $kepala, $isi) { // array(status, kepala jawaban, isi jawaban); status 0 bila tidak terhubung
    if (function_exists('curl_init')) {
        $c = curl_init($alamat);
        curl_setopt_array($c, array(CURLOPT_POST => true, CURLOPT_POSTFIELDS => $isi, CURLOPT_HTTPHEADER => array_merge($kepala, array('Expect:')),
            CURLOPT_RETURNTRANSFER => true, CURLOPT_HEADER => true, CURLOPT_TIMEOUT => 60));
        $jawaban = curl_exec($c);
        if ($jawaban === false) return array(0, array(), '');
        $panjang = curl_getinfo($c, CURLINFO_HEADER_SIZE);
        return array(curl_getinfo($c, CURLINFO_HTTP_CODE), explode("\r\n", substr($jawaban, 0, $panjang)), (string) substr($jawaban, $panjang));
    }
    $konteks = stream_context_create(array('http' => array('method' => 'POST', 'header' => implode("\r\n", $kepala), 'content' => $isi,
        'timeout' => 60, 'ignore_errors' => true, 'follow_location' => 0, 'protocol_version' => 1.1)));
    try { $f = fopen($alamat, 'rb', false, $konteks); } catch (ErrorException $e) { return array(0, array(), ''); }
    $jawab = stream_get_meta_data($f)['wrapper_data'];
    preg_match('/ (\d+)/', $jawab[0], $m);
    return array((int) $m[1], $jawab, (string) stream_get_contents($f));
}
while (time() < $sampai) {
    $baris = $db->query("SELECT seq, id, aggregatetype, type, CAST(payload AS CHAR) AS payload, DATE_FORMAT(created_at, '%Y-%m-%dT%H:%i:%s.%fZ') AS jam
        FROM $tabel WHERE sent_at IS NULL AND last_error IS NULL ORDER BY seq LIMIT $muat")->fetchAll(PDO::FETCH_ASSOC);
    if (!$baris) break;
    $dikirim = $isi = array(); $besar = 0;
    foreach ($baris as $b) {
        $data = json_decode($b['payload']);
        if (!is_object($data)) { $sisihkan->execute(array('payload harus berupa objek JSON: { … }', $b['seq'])); $ditolak++; continue; }
        $jenis = preg_match('/^[a-z0-9_-]+$/D', $b['type']) ? "id.go.nadi.{$b['aggregatetype']}.{$b['type']}.v1" : $b['type'];
        $amplop = array('specversion' => '1.0', 'id' => $b['id'], 'source' => $sumber, 'type' => $jenis, 'datacontenttype' => 'application/json');
        if (!property_exists($data, 'occurred_at')) $amplop['time'] = $b['jam'];
        $teks = substr(json_encode($amplop, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES), 0, -1) . ', "data": ' . $b['payload'] . '}';
        $besar += strlen($teks) + 2;
        if ($dikirim && $besar > 3500000) break;
        $dikirim[] = $b; $isi[] = $teks;
    }
    if (!$dikirim) continue;
    $isi = '[' . implode(",\n", $isi) . ']';
    $kepala = array('Authorization: Bearer ' . $env['NADI_KEY'], 'Content-Type: application/cloudevents-batch+json', 'Connection: close');
    if ($env['NADI_SIGNING_KEY'] !== '') { // 64 byte (benih dan kunci publik), atau benihnya saja
        $rahasia = base64_decode(substr($env['NADI_SIGNING_KEY'], 5));
        if (strlen($rahasia) === 32) $rahasia = sodium_crypto_sign_secretkey(sodium_crypto_sign_seed_keypair($rahasia));
        $nomor = 'msg_' . bin2hex(random_bytes(16)); $jam = time();
        array_push($kepala, "webhook-id: $nomor", "webhook-timestamp: $jam",
            'webhook-signature: v1a,' . base64_encode(sodium_crypto_sign_detached("$nomor.$jam.$isi", $rahasia)));
    }
    list($status, $jawab, $badan) = kirim(rtrim($env['NADI_URL'], '/') . '/v1/events', $kepala, $isi);
    $dokumen = json_decode($badan, true); $sebab = ''; $tunggu = null;
    foreach ($jawab as $k) if (preg_match('/^Retry-After:\s*(\d+)\s*$/i', $k, $m)) $tunggu = (int) $m[1];
    if ($status === 413 || ($status === 400 && isset($dokumen['type']) && substr($dokumen['type'], -14) === '#body-not-json')) {
        if (count($dikirim) > 1) { $muat = max(1, (int) (count($dikirim) / 2)); continue; } // sampai ketemu baris yang salah
        $sisihkan->execute(array(potong(keterangan($status, $dokumen)), $dikirim[0]['seq'])); $ditolak++; continue;
    }
    if ($status !== 202 && $status !== 207) {
        $sebab = $status ? keterangan($status, $dokumen) : 'gerbang tidak dapat dihubungi';
        if ($status >= 300 && $status < 500 && !in_array($status, array(408, 409, 425, 429))) throw new Exception($sebab);
    } elseif (!isset($dokumen['items']) || count($dokumen['items']) !== count($dikirim)) $sebab = 'jawaban gerbang tidak dapat dibaca';
    else {
        $db->beginTransaction();
        foreach ($dokumen['items'] as $i => $hasil) {
            $s = $hasil['status']; $p = isset($hasil['problem']) ? $hasil['problem'] : array(); $seq = $dikirim[$i]['seq'];
            if ($s === 202 && $hasil['receipt']['id'] === $dikirim[$i]['id'] && $hasil['receipt']['source'] === $sumber) { $tandai->execute(array($seq)); $terkirim++; }
            elseif ($s >= 400 && $s < 500 && !in_array($s, array(401, 408, 409, 425, 429))) {
                if (substr(isset($p['type']) ? $p['type'] : '', -19) === '#source-not-allowed') { $db->rollBack(); throw new Exception(keterangan($s, $p)); }
                $sisihkan->execute(array(potong(keterangan($s, $p)), $seq)); $ditolak++;
            } else $sebab = keterangan($s, $p);
        }
        $db->commit();
    }
    if ($sebab === '') { $jeda = 1; $muat = min(200, $muat + 1); continue; }
    sleep(min($tunggu === null ? $jeda : $tunggu, max(0, $sampai - time())));
    $jeda = min(60, $jeda * 2);
}
if ($terkirim || $ditolak || $sebab) echo date('c'), " terkirim $terkirim, disisihkan $ditolak", $sebab ? ", menunggu: $sebab" : '', "\n";
exit($ditolak || $sebab ? 1 : 0);
